//go:build faults

package faults

import (
	"testing"
	"time"

	"github.com/kindctl/kindctl/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// cluster is one that the test made and breaks. It is broken through docker and
// kubectl, and verified by the binary.
type cluster struct {
	*harness.User
	name string
}

func newCluster(t *testing.T, name string, up ...string) *cluster {
	t.Helper()
	c := &cluster{harness.NewUser(t), "faults-" + name}
	if !*keep {
		t.Cleanup(func() { c.Kindctl("down", "-n", c.name) })
	}
	c.Must(append([]string{"up", "-n", c.name}, up...)...)
	return c
}

// in returns the same cluster in a subtest.
func (c *cluster) in(t *testing.T) *cluster { return &cluster{c.In(t), c.name} }

// The nodes.
func (c *cluster) controlPlane() string { return c.name + "-control-plane" }
func (c *cluster) worker() string       { return c.name + "-worker" }
func (c *cluster) other() string        { return c.name + "-worker2" }

// settled waits until all nodes and all pods of the system are ready.
func (c *cluster) settled() {
	c.Helper()
	c.Eventually(2*time.Minute, func() (string, error) {
		if out, err := c.TryExec(c.controlPlane(), kubectl+" wait --for=condition=Ready nodes --all --timeout=100s"); err != nil {
			return out, err
		}
		return c.TryExec(c.controlPlane(), kubectl+" -n kube-system wait --for=condition=Ready pods --all --timeout=100s")
	})
}

// elected waits until the scheduler and the controller manager renew their
// leases, which they lose with the API server or etcd.
func (c *cluster) elected() {
	c.Helper()
	const leases = kubectl + ` -n kube-system get lease kube-scheduler kube-controller-manager -o jsonpath="{.items[*].spec.renewTime}"`
	c.Eventually(2*time.Minute, func() (string, error) {
		return c.TryExec(c.controlPlane(), "set -- $("+leases+"); sleep 3; set -- $* $("+leases+"); test $# = 4 && test $1 != $3 && test $2 != $4")
	})
}

const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"

// kubectl runs kubectl in the control plane; the arguments go through a shell.
func (c *cluster) kubectl(args string) string {
	c.Helper()
	return c.Exec(c.controlPlane(), kubectl+" "+args)
}

func (c *cluster) apply(manifest string) {
	c.Helper()
	c.Apply(c.name, manifest)
}
