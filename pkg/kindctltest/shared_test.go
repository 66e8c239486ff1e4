package kindctltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/runs"
)

// machine has the clusters that several processes see, by name, with an identity.
type machine struct {
	clusters map[string]string
	count    int
}

func (h *machine) make(name string) {
	h.count++
	h.clusters[name] = fmt.Sprintf("uid-%d", h.count)
}

// process is a process of this machine: locks of one process keep out another one
// in the same way, however they share a process.
func (h *machine) process() *community {
	return &community{
		up: func(_ testing.TB, o kindctl.Options) (*kindctl.Cluster, error) {
			name := o.Topology.Name
			_, existed := h.clusters[name]
			if !existed {
				h.make(name)
			}
			return &kindctl.Cluster{Name: name, Existed: existed}, os.WriteFile(o.Kubeconfig, []byte("of "+name), 0o600)
		},
		down: func(_ context.Context, name, _ string, _ event.Sink) error {
			delete(h.clusters, name)
			return nil
		},
		identity: func(_ context.Context, cluster *kindctl.Cluster) (string, error) {
			return h.clusters[cluster.Name], nil
		},
		shares: map[string]*share{},
	}
}

func newMachine(t *testing.T) *machine {
	calm(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return &machine{clusters: map[string]string{}}
}

// use is a test of a process that shares a cluster.
func use(t *testing.T, c *community, name string, options ...Option) (*share, error) {
	t.Helper()
	s, err := settle(name, options)
	if err != nil {
		t.Fatal(err)
	}
	s.Sink = event.Discard
	return c.get(t, s)
}

func mustUse(t *testing.T, c *community, name string) {
	t.Helper()
	here, err := use(t, c, name)
	if err != nil {
		t.Fatal(err)
	}
	if string(here.kubeconfig) != "of "+name {
		t.Errorf("the kubeconfig is %q", here.kubeconfig)
	}
}

func mustLeave(t *testing.T, c *community) {
	t.Helper()
	if err := c.leave(false); err != nil {
		t.Error(err)
	}
}

// TestTheLastUserRemoves: two processes share a cluster that one of them made.
func TestTheLastUserRemoves(t *testing.T) {
	h := newMachine(t)
	first, second := h.process(), h.process()
	mustUse(t, first, "ours")
	mustUse(t, second, "ours")
	mustUse(t, first, "ours")
	if h.count != 1 {
		t.Fatalf("%d clusters were made", h.count)
	}
	mustLeave(t, first) // the one that made it
	if len(h.clusters) != 1 {
		t.Fatal("the cluster went while the second process used it")
	}
	mustLeave(t, second)
	if len(h.clusters) != 0 {
		t.Error("the cluster is left")
	}
	third := h.process() // what was remembered of the first cluster is forgotten
	mustUse(t, third, "ours")
	mustLeave(t, third)
	if h.count != 2 || len(h.clusters) != 0 {
		t.Errorf("%d clusters were made, %v are left", h.count, h.clusters)
	}
}

// TestStrangersStay: clusters that no test made, or not this one, are kept.
func TestStrangersStay(t *testing.T) {
	h := newMachine(t)
	h.make("theirs")
	first := h.process()
	mustUse(t, first, "theirs")
	mustLeave(t, first)
	if h.clusters["theirs"] == "" {
		t.Error("a cluster that was there before is gone")
	}

	killed := h.process() // it never leaves
	mustUse(t, killed, "later")
	h.clusters["later"] = "" // removed by hand
	killed.shares["later"].users.exit()
	h.make("later") // and made anew by somebody
	second := h.process()
	mustUse(t, second, "later")
	mustLeave(t, second)
	if h.clusters["later"] == "" {
		t.Error("a cluster that somebody made under the name of the tests' is gone")
	}
}

// TestTheHeirRemoves: the process that made the cluster was killed.
func TestTheHeirRemoves(t *testing.T) {
	h := newMachine(t)
	killed, heir := h.process(), h.process()
	mustUse(t, killed, "ours")
	killed.shares["ours"].users.exit() // as the end of a process does
	mustUse(t, heir, "ours")
	mustLeave(t, heir)
	if len(h.clusters) != 0 {
		t.Error("the cluster is left")
	}
}

func TestRetainKeepsTheClusterOfTestsThatFail(t *testing.T) {
	for failed, left := range map[bool]int{true: 1, false: 0} {
		h := newMachine(t)
		c := h.process()
		if _, err := use(t, c, "ours", Retain()); err != nil {
			t.Fatal(err)
		}
		if err := c.leave(failed); err != nil || len(h.clusters) != left {
			t.Errorf("failed %v: %d clusters are left (%v)", failed, len(h.clusters), err)
		}
	}
}

func TestSharingNeedsOneShape(t *testing.T) {
	h := newMachine(t)
	c := h.process()
	mustUse(t, c, "ours")
	_, err := use(t, c, "ours", Nodes(1, 2))
	if hint.ReasonOf(err) != "CLUSTER_DIFFERS" || !strings.Contains(err.Error(), "workers") {
		t.Errorf("two workers more: %v", err)
	}
}

// TestSharingWaits: another process is making the cluster.
func TestSharingWaits(t *testing.T) {
	h := newMachine(t)
	c := h.process()
	release, err := runs.Lock("ours")
	if err != nil {
		t.Fatal(err)
	}
	create, waited := c.up, false
	c.up = func(tb testing.TB, o kindctl.Options) (*kindctl.Cluster, error) {
		ours, err := runs.Lock("ours")
		if err != nil {
			return nil, err
		}
		defer ours()
		return create(tb, o)
	}
	s, err := settle("ours", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Sink = event.Func(func(event.Event) {
		waited = true
		h.make("ours")
		release() // the other one has finished
	})
	here, err := c.get(t, s)
	if err != nil || !waited || !here.cluster.Existed {
		t.Errorf("waited %v: %+v (%v)", waited, here, err)
	}
}

// TestAFailureIsEverybodys: what could not be made once is not tried again by
// every test, and nobody counts as its user.
func TestAFailureIsEverybodys(t *testing.T) {
	h := newMachine(t)
	c := h.process()
	tries := 0
	c.up = func(testing.TB, kindctl.Options) (*kindctl.Cluster, error) {
		tries++
		return nil, errors.New("no room")
	}
	for range 2 {
		if _, err := use(t, c, "ours"); err == nil || err.Error() != "no room" {
			t.Errorf("the error is %v", err)
		}
	}
	mustLeave(t, c)
	other := h.process()
	mustUse(t, other, "ours")
	mustLeave(t, other)
	if tries != 1 || len(h.clusters) != 0 {
		t.Errorf("%d tries, left: %v", tries, h.clusters)
	}
}
