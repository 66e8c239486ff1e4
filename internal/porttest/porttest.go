// Package porttest chooses ports for servers that tests start.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Free returns a TCP port that nothing on this machine listens on. It is taken
// from 10000 to 29999, below the ports that operating systems assign themselves
// (from 32768 on Linux, from 49152 on macOS and Windows) and below Kubernetes'
// node ports, so that neither a listener on port 0 nor an outgoing connection
// gets it before the test uses it.
func Free(t testing.TB) int {
	t.Helper()
	var err error
	for range 100 {
		port := 10000 + rand.IntN(20000) //nolint:gosec // a port is no secret
		var listener net.Listener
		if listener, err = net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatalf("no port is free: %v", err)
	return 0
}
