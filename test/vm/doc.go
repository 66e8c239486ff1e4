// Package vm starts a virtual machine whose kernel has what that of this machine may
// lack, as a node of a real cluster. Its tests run for minutes, emulated in software,
// as root on Linux, and only with the tag vm:
//
//	make test-vm
package vm
