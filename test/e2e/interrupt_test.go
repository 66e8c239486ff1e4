//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupt stops "up" in its phases, as Ctrl-C and a cancelled CI job do,
// and wants Docker and the kubeconfig to be as they were.
func TestInterrupt(t *testing.T) {
	const cluster = "e2e-stop"
	tests := []struct {
		phase  string
		signal syscall.Signal
	}{
		{"create", syscall.SIGINT},
		{"cni", syscall.SIGTERM},
		{"verify", syscall.SIGINT},
	}
	for _, tt := range tests {
		t.Run(tt.phase, func(t *testing.T) {
			s := newSession(t, cluster)
			before := s.belongings()
			cmd := exec.Command(kindctl, "up", "--cni", "cilium", "--profile", "single", "-n", cluster)
			cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "CI=true")
			progress, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var seen strings.Builder
			signalled := false
			for lines := bufio.NewScanner(progress); lines.Scan(); {
				seen.WriteString(lines.Text() + "\n")
				if !signalled && strings.Contains(lines.Text(), tt.phase) {
					signalled = true
					if err := cmd.Process.Signal(tt.signal); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = cmd.Wait()
			if !signalled {
				t.Fatalf("phase %q was never announced:\n%s", tt.phase, seen.String())
			}
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("exit code %d, want 130\n%s", code, seen.String())
			}
			if after := s.belongings(); after != before {
				t.Errorf("Docker had\n%s\nand now has\n%s\n%s", before, after, seen.String())
			}
			s.kubeconfigUntouched()
		})
	}
}
