//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// typed reports whether a signal comes from the keys of a terminal, which sends
// it to the command as well: an interrupt while this process is in the
// terminal's foreground. A command that heard it twice might take the second one
// for impatience.
func typed(signal os.Signal) bool {
	if signal != os.Interrupt {
		return false
	}
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false // there is none, as in CI
	}
	defer terminal.Close()
	foreground, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
