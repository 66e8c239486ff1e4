//go:build !unix

package cli

import (
	"golang.org/x/term"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

// terminalSizes returns the size that a terminal has now: Windows reports no changes.
func terminalSizes(terminal int) (sizes <-chan kindctl.TerminalSize, stop func()) {
	found := make(chan kindctl.TerminalSize, 1)
	if columns, rows, err := term.GetSize(terminal); err == nil {
		found <- kindctl.TerminalSize{Rows: uint(rows), Columns: uint(columns)} //nolint:gosec // sizes are not negative
	}
	return found, func() {}
}
