//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// detach keeps the signals of a terminal from a command.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
