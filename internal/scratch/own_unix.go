//go:build unix

package scratch

import (
	"os"
	"syscall"
)

// own reports whether a file belongs to this user.
func own(info os.FileInfo) bool {
	stat, is := info.Sys().(*syscall.Stat_t)
	return is && int(stat.Uid) == os.Getuid()
}
