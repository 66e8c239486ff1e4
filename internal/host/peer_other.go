//go:build !linux

package host

// daemon is unknown where Docker runs in a virtual machine.
func daemon(string) string { return "" }
