package harness

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// User runs commands on this machine, with a kubeconfig that no other user has.
type User struct {
	testing.TB
	// Kubeconfig is the path that commands find in KUBECONFIG. The file need not exist.
	Kubeconfig string
	// Env are more variables for kindctl, as NAME=VALUE.
	Env []string
	// Dir is where kindctl runs; empty is the working directory of the tests.
	Dir string
}

// NewUser returns a user whose kubeconfig goes with the test.
func NewUser(t testing.TB) *User {
	t.Helper()
	return &User{TB: t, Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
}

// In returns the same user in a subtest, which their failures then belong to.
func (u *User) In(t testing.TB) *User { return &User{t, u.Kubeconfig, u.Env, u.Dir} }

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
	Took           time.Duration
}

const (
	// kindctlTimeout bounds one command of kindctl, with a cold image build in it.
	kindctlTimeout = 60 * time.Minute
	// commandTimeout bounds any other command.
	commandTimeout = 3 * time.Minute
)

// Command is the binary under test with the user's kubeconfig, not yet started.
func (u *User) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, Binary, args...)
	cmd.Env = append(append(os.Environ(), "KUBECONFIG="+u.Kubeconfig), u.Env...)
	cmd.Dir = u.Dir
	return cmd
}

// Kindctl runs the binary under test, which may fail.
func (u *User) Kindctl(args ...string) Result {
	u.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), kindctlTimeout)
	defer cancel()
	r := u.Finish(u.Command(ctx, args...))
	if r.Code < 0 {
		u.Fatalf("kindctl %s did not exit by itself:\n%s", strings.Join(args, " "), r.Stderr)
	}
	return r
}

// Finish runs a command to its end. Code is -1 if it could not start or a signal ended it.
func (u *User) Finish(cmd *exec.Cmd) Result {
	u.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	if err := cmd.Run(); cmd.ProcessState == nil {
		u.Errorf("%s: %v", cmd, err)
	}
	r := Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(started).Round(100 * time.Millisecond)}
	u.Logf("kindctl %s: exit %d after %v", strings.Join(cmd.Args[1:], " "), r.Code, r.Took)
	return r
}

// Must runs the binary under test, which must succeed.
func (u *User) Must(args ...string) Result {
	u.Helper()
	r := u.Kindctl(args...)
	if r.Code != 0 {
		u.Fatalf("kindctl %s: exit %d\n%s\n%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r
}

// Output runs any other command, which must succeed, and returns its standard output
// without the space around it.
func (u *User) Output(name string, args ...string) string {
	u.Helper()
	out, err := u.Try(name, args...)
	if err != nil {
		u.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// Try is Output for a command that may fail, and then with its standard error.
func (u *User) Try(name string, args ...string) (string, error) {
	return try("", name, args...)
}

func try(input, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		stdout.Write(stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), err
}

// Eventually tries until it works, and fails the test when the time is over.
func (u *User) Eventually(limit time.Duration, try func() (string, error)) {
	u.Helper()
	deadline := time.Now().Add(limit)
	for {
		out, err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			u.Fatalf("not within %v: %v\n%s", limit, err, out)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
