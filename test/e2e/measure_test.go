//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kindctl/kindctl/test/harness"
)

// benchmark builds test/bench and returns it as a command that measures the kindctl
// under test.
func (s *session) benchmark(args ...string) *exec.Cmd {
	s.Helper()
	program := filepath.Join(s.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/kindctl/kindctl/test/bench").CombinedOutput(); err != nil {
		s.Fatalf("build test/bench: %v\n%s", err, out)
	}
	cmd := exec.Command(program, append([]string{"--kindctl", harness.Binary}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig)
	cmd.Stderr = &bytes.Buffer{}
	return cmd
}

// TestBench makes one round of the smallest clusters, both ways. What is measured
// must make sense, and nothing may be left.
func TestBench(t *testing.T) {
	long(t)
	s := newSession(t, "bench-stock-own", "bench-kindctl-own")
	before := s.belongings()
	page := filepath.Join(t.TempDir(), "performance.md")
	cmd := s.benchmark("--cni", "calico", "--nodes", "1", "--runs", "1", "--force", "-o", "json", "--document", page)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, cmd.Stderr)
	}
	var result struct {
		Cases []struct {
			Runs []struct {
				Arm, Error                 string
				Round                      int
				DoneSeconds, FinishSeconds float64
				CPUSeconds                 struct{ Nodes, Client float64 }
				PeakMemoryBytes            int64
			}
			Summary []struct {
				Arm           string
				Runs          int
				FinishByBound struct{ Median float64 }
				Ratio         *struct{ Median float64 }
			}
		}
	}
	if err := json.Unmarshal(out, &result); err != nil || len(result.Cases) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	c := result.Cases[0]
	order := ""
	for _, run := range c.Runs {
		order += run.Arm + " "
		if run.Error != "" || run.DoneSeconds < 5 || run.FinishSeconds < run.DoneSeconds || run.CPUSeconds.Nodes < 5 ||
			run.CPUSeconds.Client <= 0 {
			t.Errorf("this cannot be: %+v", run)
		}
	}
	if order != "stock kindctl kindctl stock " {
		t.Errorf("the runs were %s", order)
	}
	for i, arm := range c.Summary {
		if arm.Runs != 1 || arm.FinishByBound.Median < 1 || (arm.Ratio == nil) != (i == 0) {
			t.Errorf("this cannot be: %+v", arm)
		}
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "| 1 | stock | 1 |") {
		t.Errorf("the page: %v\n%s", err, text)
	}
	if after := s.belongings(); after != before {
		t.Errorf("Docker had\n%s\nand has\n%s", before, after)
	}
	s.kubeconfigUntouched()
}

// TestBenchInterrupted: whichever arm is at work, its cluster goes.
func TestBenchInterrupted(t *testing.T) {
	long(t)
	s := newSession(t, "bench-stock-own", "bench-kindctl-own")
	for _, arm := range []string{"stock", "kindctl"} {
		before := s.belongings()
		cmd := s.benchmark("--cni", "calico", "--nodes", "1", "--runs", "1", "--force")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.Eventually(5*time.Minute, func() (string, error) {
			if out, err := s.Try("docker", "ps", "-q", "--filter", "label=io.x-k8s.kind.cluster=bench-"+arm+"-own"); out == "" || err != nil {
				return out, errors.Join(err, errors.New("there is no cluster of arm "+arm))
			}
			return "", nil
		})
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("arm %s: interrupted, it exits with %d", arm, code)
		}
		if after := s.belongings(); after != before {
			t.Errorf("arm %s: Docker had\n%s\nand has\n%s", arm, before, after)
		}
		s.kubeconfigUntouched()
	}
}
