//go:build !unix

package host

// kernelRelease is "" where Docker never runs on this machine's own kernel.
func kernelRelease() (string, error) { return "", nil }

// freeBytes is unknown where Docker's directory is in a virtual machine.
func freeBytes(string) int64 { return -1 }
