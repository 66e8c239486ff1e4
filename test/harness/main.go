// Package harness is what tests with real clusters share: the binary under test,
// the commands of its user, and ways to look at a cluster other than kindctl's own.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Binary is the path of the kindctl under test, once Main has built it.
var Binary string

// Main builds kindctl, runs the tests of a package and exits.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kindctl-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Binary = filepath.Join(dir, "kindctl")
	build := exec.Command("go", "build", "-o", Binary, "github.com/kindctl/kindctl")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build kindctl:", err)
		return 1
	}
	return m.Run()
}
