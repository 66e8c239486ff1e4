//go:build faults

package faults

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

// kindctl is the binary under test.
var kindctl string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kindctl-faults-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	kindctl = filepath.Join(dir, "kindctl")
	build := exec.Command("go", "build", "-o", kindctl, "github.com/kindctl/kindctl")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	return m.Run()
}

// cluster is one that the test made and breaks. It is broken through docker
// and through kubectl in a node, and judged by the binary.
type cluster struct {
	*testing.T
	name, kubeconfig string
}

func newCluster(t *testing.T, name string, up ...string) *cluster {
	t.Helper()
	c := &cluster{t, "faults-" + name, filepath.Join(t.TempDir(), "kubeconfig")}
	if !*keep {
		t.Cleanup(func() { c.kindctl("down", "-n", c.name) })
	}
	if code, out := c.kindctl(append([]string{"up", "-n", c.name}, up...)...); code != 0 {
		t.Fatalf("up: exit %d\n%s", code, out)
	}
	return c
}

// The nodes.
func (c *cluster) controlPlane() string { return c.name + "-control-plane" }
func (c *cluster) worker() string       { return c.name + "-worker" }
func (c *cluster) other() string        { return c.name + "-worker2" }

func (c *cluster) kindctl(args ...string) (code int, stdout string) {
	c.Helper()
	cmd := exec.Command(kindctl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); cmd.ProcessState == nil {
		c.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != 0 && out.Len() == 0 {
		return cmd.ProcessState.ExitCode(), problems.String()
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// verify runs the whole verification.
func (c *cluster) verify() (code int, report verify.Report) {
	c.Helper()
	code, out := c.kindctl("verify", "-n", c.name, "-o", "json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Results) == 0 {
		c.Fatalf("verify: exit %d, %v\n%s", code, err, out)
	}
	return code, report
}

// green wants every check to pass or to be skipped.
func (c *cluster) green() {
	c.Helper()
	code, report := c.verify()
	for _, r := range report.Results {
		if r.Outcome != verify.Pass && r.Outcome != verify.Skip {
			c.Errorf("in a healthy cluster %s is %s: %s", r.ID, r.Outcome, r.Cause)
		}
	}
	if code != 0 {
		c.Errorf("verify of a healthy cluster exits with %d", code)
	}
	c.Logf("green in %v", report.Duration.Round(100*time.Millisecond))
}

// settled waits until all nodes and all pods of the system are ready.
func (c *cluster) settled() {
	c.Helper()
	c.eventually(2*time.Minute, func() (string, error) {
		if out, err := c.try(c.controlPlane(), kubectl+" wait --for=condition=Ready nodes --all --timeout=100s"); err != nil {
			return out, err
		}
		return c.try(c.controlPlane(), kubectl+" -n kube-system wait --for=condition=Ready pods --all --timeout=100s")
	})
}

// elected waits until the scheduler and the controller manager renew their
// leases, which they lose with the API server or etcd.
func (c *cluster) elected() {
	c.Helper()
	const leases = kubectl + ` -n kube-system get lease kube-scheduler kube-controller-manager -o jsonpath="{.items[*].spec.renewTime}"`
	c.eventually(2*time.Minute, func() (string, error) {
		return c.try(c.controlPlane(), "set -- $("+leases+"); sleep 3; set -- $* $("+leases+"); test $# = 4 && test $1 != $3 && test $2 != $4")
	})
}

const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"

// on runs a script in a node.
func (c *cluster) on(node, script string) string {
	c.Helper()
	out, err := c.try(node, script)
	if err != nil {
		c.Fatalf("%s: %s: %v\n%s", node, script, err, out)
	}
	return out
}

func (c *cluster) try(node, script string) (string, error) {
	out, err := exec.Command("docker", "exec", node, "bash", "-c", script).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// kubectl runs kubectl in the control plane; the arguments go through a shell.
func (c *cluster) kubectl(args string) string {
	c.Helper()
	return c.on(c.controlPlane(), kubectl+" "+args)
}

// input gives something to a command in a node.
func (c *cluster) input(node, content, script string) {
	c.Helper()
	cmd := exec.Command("docker", "exec", "-i", node, "bash", "-c", script)
	cmd.Stdin = strings.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("%s: %s: %v\n%s", node, script, err, out)
	}
}

func (c *cluster) apply(manifest string) {
	c.Helper()
	c.input(c.controlPlane(), manifest, kubectl+" apply -f -")
}

// eventually tries until it works, and fails the test when the time is over.
func (c *cluster) eventually(limit time.Duration, try func() (string, error)) {
	c.Helper()
	deadline := time.Now().Add(limit)
	for {
		out, err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("not within %v: %v\n%s", limit, err, out)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
