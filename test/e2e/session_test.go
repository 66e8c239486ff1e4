//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// session is one user: a kubeconfig with an entry of their own, and commands.
type session struct {
	testing.TB
	kubeconfig string
}

// foreign is what the user had before kindctl came. It must survive.
const foreign = `apiVersion: v1
kind: Config
current-context: production
clusters:
- name: production
  cluster: {server: "https://192.0.2.1:6443"}
contexts:
- name: production
  context: {cluster: production, user: production}
users:
- name: production
  user: {token: keep-me}
`

// newSession gives the test a kubeconfig and removes its clusters at the end,
// and before it begins what a killed run left of them.
func newSession(t testing.TB, clusters ...string) *session {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{TB: t, kubeconfig: path}
	remove := func() {
		for _, name := range clusters {
			s.kindctl("down", "-n", name)
		}
	}
	remove()
	t.Cleanup(remove)
	return s
}

// result is how a command ended.
type result struct {
	stdout, stderr string
	code           int
	took           time.Duration
}

// commandTimeout bounds one command, with a cold image build in it.
const commandTimeout = 60 * time.Minute

// kindctl runs the binary under test.
func (s *session) kindctl(args ...string) result {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, kindctl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(started).Round(100 * time.Millisecond)}
	s.Logf("kindctl %s: exit %d after %v", strings.Join(args, " "), r.code, r.took)
	if err != nil && r.code < 0 {
		s.Fatalf("kindctl %s: %v\n%s", strings.Join(args, " "), err, r.stderr)
	}
	return r
}

// must runs kindctl and wants it to succeed.
func (s *session) must(args ...string) result {
	s.Helper()
	r := s.kindctl(args...)
	if r.code != 0 {
		s.Fatalf("kindctl %s: exit %d\n%s\n%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r
}

// output runs a command of the host and returns what it printed.
func (s *session) output(name string, args ...string) string {
	s.Helper()
	out, err := s.try(name, args...)
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// try is output for a command that may fail.
func (s *session) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// eventually tries until it works, and fails the test when the time is over.
func (s *session) eventually(limit time.Duration, try func() (string, error)) {
	s.Helper()
	deadline := time.Now().Add(limit)
	for {
		out, err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("not within %v: %v\n%s", limit, err, out)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// kubectl runs kubectl inside the cluster's control plane.
func (s *session) kubectl(cluster string, args ...string) string {
	s.Helper()
	return s.output("docker", append([]string{"exec", cluster + "-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf"}, args...)...)
}

// apply sends a manifest through kubectl.
func (s *session) apply(cluster, manifest string) {
	s.Helper()
	cmd := exec.Command("docker", "exec", "-i", cluster+"-control-plane", "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

// verdict is what verify said of one check.
type verdict struct {
	ID, Outcome, Cause, Hint string
}

// verify runs the verification and returns its exit code and all verdicts.
func (s *session) verify(cluster string) (int, []verdict) {
	s.Helper()
	r := s.kindctl("verify", "-n", cluster, "-o", "json")
	var report struct{ Results []verdict }
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		s.Fatalf("verify -o json: %v\n%s\n%s", err, r.stdout, r.stderr)
	}
	if len(report.Results) == 0 {
		s.Fatal("verify reported no check at all")
	}
	return r.code, report.Results
}

// green wants every check of the cluster to pass or to be skipped.
func (s *session) green(cluster string) {
	s.Helper()
	code, verdicts := s.verify(cluster)
	for _, v := range verdicts {
		if v.Outcome != "PASS" && v.Outcome != "SKIP" && v.Outcome != "WARN" {
			s.Errorf("%s is %s: %s", v.ID, v.Outcome, v.Cause)
		}
	}
	if code != 0 {
		s.Errorf("verify of a healthy cluster exits with %d", code)
	}
}

// red wants verify to exit with 5 and returns what failed.
func (s *session) red(cluster string) []verdict {
	s.Helper()
	code, verdicts := s.verify(cluster)
	if code != 5 {
		s.Errorf("verify exits with %d, want 5", code)
	}
	return slices.DeleteFunc(verdicts, func(v verdict) bool { return v.Outcome != "FAIL" && v.Outcome != "ERROR" })
}

// only wants exactly one red check, with a cause and a hint.
func (s *session) only(cluster, id string) {
	s.Helper()
	failed := s.red(cluster)
	if len(failed) != 1 || failed[0].ID != id {
		s.Errorf("red checks are %+v, want exactly %s", failed, id)
		return
	}
	if failed[0].Cause == "" || failed[0].Hint == "" {
		s.Errorf("%+v comes without a cause or a hint", failed[0])
	}
	s.Logf("%s: %s (hint: %s)", id, failed[0].Cause, failed[0].Hint)
}

// belongings lists every container and volume that Docker has.
func (s *session) belongings() string {
	s.Helper()
	return sorted(s.output("docker", "ps", "-aq", "--no-trunc") + "\n" + s.output("docker", "volume", "ls", "-q"))
}

// images lists every image that Docker has.
func (s *session) images() string {
	s.Helper()
	return sorted(s.output("docker", "images", "-q", "--no-trunc"))
}

func sorted(lines string) string {
	return strings.Join(slices.Sorted(strings.Lines(lines+"\n")), "")
}

// kubeconfigUntouched wants the user's file to hold what it held before.
func (s *session) kubeconfigUntouched() {
	s.Helper()
	data, err := os.ReadFile(s.kubeconfig)
	if err != nil {
		s.Fatal(err)
	}
	if !strings.Contains(string(data), "keep-me") || strings.Contains(string(data), "kind-") {
		s.Errorf("the kubeconfig lost an entry or kept one of ours:\n%s", data)
	}
	if info, err := os.Stat(s.kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		s.Errorf("kubeconfig mode is %v (%v), want 0600", info.Mode(), err)
	}
}

// long leaves a test out of "make test", which is to end within twenty minutes
// where images are cached; "make test-long" runs it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes minutes: make test-long")
	}
}

// needs skips a test where a program is not installed. In CI it fails instead.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}
