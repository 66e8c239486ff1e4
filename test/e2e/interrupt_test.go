//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupt stops "up" in its phases, as Ctrl-C, a canceled CI job and a
// terminal that is closed do, and wants Docker and the kubeconfig to be as they
// were. A terminal that is closed says so twice: its shell does too.
func TestInterrupt(t *testing.T) {
	const cluster = "e2e-stop"
	tests := []struct {
		phase   string
		signal  syscall.Signal
		again   string // the phase in which it comes once more
		workers string
		short   bool
	}{
		{"create", syscall.SIGINT, "", "0", true},
		{"init", syscall.SIGINT, "", "0", true},
		{"cni", syscall.SIGTERM, "", "0", false},
		{"join", syscall.SIGINT, "", "2", false},
		{"nodes", syscall.SIGHUP, "undo-create", "1", true},
		{"verify", syscall.SIGINT, "", "0", true},
	}
	for _, tt := range tests {
		t.Run(tt.phase, func(t *testing.T) {
			if !tt.short {
				long(t)
			}
			if signal.Ignored(tt.signal) {
				t.Skipf("the parent of the test, such as nohup, has %v ignored", tt.signal)
			}
			s := newSession(t, cluster)
			before := s.belongings()
			due := []string{tt.phase}
			if tt.again != "" {
				due = append(due, tt.again)
			}
			seen := s.interrupted(tt.signal, due, "up", "--cni", "cilium", "--profile", "single", "--workers", tt.workers, "-n", cluster)
			if after := s.belongings(); after != before {
				t.Errorf("Docker had\n%s\nand now has\n%s\n%s", before, after, seen)
			}
			s.kubeconfigUntouched()
		})
	}
}

// interrupted runs kindctl, sends it the signal as each of the phases begins, and
// returns what it said until it ended.
func (s *session) interrupted(sign syscall.Signal, due []string, args ...string) string {
	s.Helper()
	cmd := s.Command(context.Background(), args...)
	cmd.Env = append(cmd.Env, "CI=true")
	progress, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	var seen strings.Builder
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if len(due) > 0 && strings.Contains(lines.Text(), "• ["+due[0]+"]") {
			due = due[1:]
			if err := cmd.Process.Signal(sign); err != nil {
				s.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	if len(due) > 0 {
		s.Fatalf("phase %q was never announced:\n%s", due[0], seen.String())
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		s.Errorf("exit code %d, want 130\n%s", code, seen.String())
	}
	return seen.String()
}
