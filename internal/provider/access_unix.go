//go:build unix

package provider

import "golang.org/x/sys/unix"

// checkWritable reports whether files can be made in a directory.
func checkWritable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
