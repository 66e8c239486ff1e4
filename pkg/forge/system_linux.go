package forge

import (
	"errors"
	"io/fs"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownOf tells what a file has on Linux beside its mode and size.
func ownOf(info fs.FileInfo) own {
	stat := info.Sys().(*syscall.Stat_t)
	return own{int(stat.Uid), int(stat.Gid), uint64(stat.Nlink), inode{stat.Dev, stat.Ino}} //nolint:unconvert // types differ by architecture
}

// inGroup starts a program in a process group of its own, which ends together.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// apart starts a program in a process group and a mount namespace of its own.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Unshareflags: syscall.CLONE_NEWNS}
}

// freeBytes is the space that is left in a directory.
func freeBytes(dir string) (uint64, error) {
	var stat unix.Statfs_t
	err := unix.Statfs(dir, &stat)
	return stat.Bavail * uint64(stat.Bsize), err
}

// attribute reads an extended attribute of a file, if it has it.
func attribute(path, name string) ([]byte, error) {
	value := make([]byte, 64)
	n, err := unix.Lgetxattr(path, name, value)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	return value[:max(n, 0)], err
}
