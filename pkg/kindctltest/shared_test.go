package kindctltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// machine has the clusters that several processes see, by name, with an identity.
type machine struct {
	clusters map[string]string
	count    int
	saved    map[string]bool // clusters that have a snapshot
	done     []string
}

func (h *machine) make(name string) {
	h.count++
	h.done = append(h.done, "create "+name)
	h.clusters[name] = fmt.Sprintf("uid-%d", h.count)
}

// process is a process of this machine: locks of one process keep out another one
// in the same way, however they share a process.
func (h *machine) process() *sharedClusters {
	return &sharedClusters{
		up: func(_ testing.TB, s settings) (kindctl.UpResult, error) {
			name := s.Topology.Name
			_, existed := h.clusters[name]
			if !existed {
				h.make(name)
			}
			return kindctl.UpResult{Name: name, Existed: existed}, os.WriteFile(s.Kubeconfig, []byte("of "+name), 0o600)
		},
		down: func(_ context.Context, name, _ string) error {
			delete(h.clusters, name)
			delete(h.saved, name)
			return nil
		},
		save: func(_ testing.TB, name, snapshot string) error {
			h.saved[name] = true
			h.done = append(h.done, "save "+name+" as "+snapshot)
			return nil
		},
		reset: func(_ testing.TB, name, snapshot string) error {
			if h.clusters[name] == "" {
				return hint.ClusterMissing.New("", "")
			}
			if !h.saved[name] {
				return hint.SnapshotMissing.New("", "")
			}
			h.done = append(h.done, "reset "+name+" to "+snapshot)
			return nil
		},
		identity: func(_ context.Context, cluster kindctl.UpResult) (string, error) {
			return h.clusters[cluster.Name], nil
		},
		byName: map[string]*sharedCluster{},
	}
}

func newMachine(t *testing.T) *machine {
	calm(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return &machine{clusters: map[string]string{}, saved: map[string]bool{}}
}

// use is a test of a process that shares a cluster.
func use(t *testing.T, c *sharedClusters, name string, options ...Option) (*sharedCluster, error) {
	t.Helper()
	s, err := mergeOptions(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return c.get(t, s)
}

func mustUse(t *testing.T, c *sharedClusters, name string) {
	t.Helper()
	here, err := use(t, c, name)
	if err != nil {
		t.Fatal(err)
	}
	if string(here.kubeconfig) != "of "+name {
		t.Errorf("the kubeconfig is %q", here.kubeconfig)
	}
}

func mustRelease(t *testing.T, c *sharedClusters) {
	t.Helper()
	if err := c.release(false); err != nil {
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
	mustRelease(t, first) // the one that made it
	if len(h.clusters) != 1 {
		t.Fatal("the cluster went while the second process used it")
	}
	mustRelease(t, second)
	if len(h.clusters) != 0 {
		t.Error("the cluster is left")
	}
	third := h.process() // what was remembered of the first cluster is forgotten
	mustUse(t, third, "ours")
	mustRelease(t, third)
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
	mustRelease(t, first)
	if h.clusters["theirs"] == "" {
		t.Error("a cluster that was there before is gone")
	}

	killed := h.process() // it never leaves
	mustUse(t, killed, "later")
	h.clusters["later"] = "" // removed by hand
	killed.byName["later"].refs.release()
	h.make("later") // and recreated by another process
	second := h.process()
	mustUse(t, second, "later")
	mustRelease(t, second)
	if h.clusters["later"] == "" {
		t.Error("a cluster that someone made under the name of the tests' is gone")
	}
}

// TestTheHeirRemoves: the process that made the cluster was killed.
func TestTheHeirRemoves(t *testing.T) {
	h := newMachine(t)
	killed, heir := h.process(), h.process()
	mustUse(t, killed, "ours")
	killed.byName["ours"].refs.release() // as the end of a process does
	mustUse(t, heir, "ours")
	mustRelease(t, heir)
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
		if err := c.release(failed); err != nil || len(h.clusters) != left {
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

// TestSharingWaits: another process may be creating the cluster.
func TestSharingWaits(t *testing.T) {
	h := newMachine(t)
	c := h.process()
	create, waits := c.up, false
	c.up = func(tb testing.TB, s settings) (kindctl.UpResult, error) {
		waits = s.Wait
		h.make("ours")
		return create(tb, s)
	}
	cluster, err := use(t, c, "ours")
	if err != nil || !waits || !cluster.result.Existed {
		t.Errorf("waits %v: %+v (%v)", waits, cluster, err)
	}
}

// TestAFailureIsEverybodys: what could not be made once is not tried again by
// every test, and no one counts as its user.
func TestAFailureIsEverybodys(t *testing.T) {
	h := newMachine(t)
	c := h.process()
	tries := 0
	c.up = func(testing.TB, settings) (kindctl.UpResult, error) {
		tries++
		return kindctl.UpResult{}, errors.New("no room")
	}
	for range 2 {
		if _, err := use(t, c, "ours"); err == nil || err.Error() != "no room" {
			t.Errorf("the error is %v", err)
		}
	}
	mustRelease(t, c)
	other := h.process()
	mustUse(t, other, "ours")
	mustRelease(t, other)
	if tries != 1 || len(h.clusters) != 0 {
		t.Errorf("%d tries, left: %v", tries, h.clusters)
	}
}
