//go:build unix

package host

import "golang.org/x/sys/unix"

// kernelRelease is the version of this machine's kernel.
func kernelRelease() (string, error) {
	var uname unix.Utsname
	err := unix.Uname(&uname)
	return unix.ByteSliceToString(uname.Release[:]), err
}

// freeBytes is the space that is left in a directory, or -1 when it is unknown.
func freeBytes(dir string) int64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return -1
	}
	return int64(stat.Bavail) * int64(stat.Bsize) //nolint:gosec,unconvert // file systems are smaller; types differ by system
}
