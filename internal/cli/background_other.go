//go:build !unix

package cli

import "os/exec"

// detach keeps the signals of a terminal from a command, where there are any.
func detach(*exec.Cmd) {}
