//go:build unix

package lab

import (
	"os/exec"
	"syscall"
)

// apart keeps the terminal's interrupt from a command: it hears one from this
// process, and a second one would end it before it has cleaned up.
func apart(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
