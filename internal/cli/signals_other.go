//go:build !unix

package cli

import "os"

// typed reports whether a command has heard a signal already: the console of
// Windows sends what is typed to every program that is attached to it.
func typed(signal os.Signal) bool { return signal == os.Interrupt }
