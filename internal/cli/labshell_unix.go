//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

// terminalSizes follows the size of a terminal until stop is called.
func terminalSizes(terminal int) (sizes <-chan kindctl.TerminalSize, stop func()) {
	changes, found, over := make(chan os.Signal, 1), make(chan kindctl.TerminalSize, 1), make(chan struct{})
	signal.Notify(changes, syscall.SIGWINCH)
	go func() {
		for {
			if columns, rows, err := term.GetSize(terminal); err == nil {
				select {
				case found <- kindctl.TerminalSize{Rows: uint(rows), Columns: uint(columns)}: //nolint:gosec // sizes are not negative
				case <-over:
					return
				}
			}
			select {
			case <-changes:
			case <-over:
				return
			}
		}
	}()
	return found, func() {
		signal.Stop(changes)
		close(over)
	}
}
