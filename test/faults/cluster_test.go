//go:build faults

package faults

import (
	"testing"

	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/pkg/verify"
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

// broken is the cluster as faults see it.
func (c *cluster) broken() *faults.Cluster {
	return faults.NewCluster(verify.Expectation{}, c.controlPlane(), []string{c.worker(), c.other()}, c.Run)
}

// kubectl runs kubectl in the control plane; the arguments go through a shell.
func (c *cluster) kubectl(args string) string {
	c.Helper()
	return c.Exec(c.controlPlane(), "kubectl --kubeconfig=/etc/kubernetes/admin.conf "+args)
}
