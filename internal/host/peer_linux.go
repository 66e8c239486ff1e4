package host

import (
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// daemon names the process behind a Unix socket as /proc does: its number, or
// "" when it is unknown or outside this process's namespace. Where systemd
// listens on behalf of Docker it is systemd, which bounds Docker as well.
func daemon(socket string) string {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return ""
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return ""
	}
	process := ""
	err = raw.Control(func(fd uintptr) {
		peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) //nolint:gosec // a file descriptor is small
		if err == nil && peer.Pid > 0 {
			process = strconv.Itoa(int(peer.Pid))
		}
	})
	if err != nil {
		return ""
	}
	return process
}
