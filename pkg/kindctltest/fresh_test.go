package kindctltest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// fresh is a test of a process that gets a cluster as it was when it was created.
func fresh(t *testing.T, c *sharedClusters) error {
	t.Helper()
	s, err := mergeOptions("ours", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.saved = true
	cluster, err := c.get(t, s)
	if err != nil {
		return err
	}
	return c.freshen(t, cluster)
}

// TestFreshClusters: one test creates the cluster and saves it, and no other one sees what tests
// have made of it.
func TestFreshClusters(t *testing.T) {
	h := newMachine(t)
	first, second := h.process(), h.process()
	for _, process := range []*sharedClusters{first, first, second, first} {
		if err := fresh(t, process); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"create ours", "save ours as up", "reset ours to up", "reset ours to up", "reset ours to up"}
	if diff := cmp.Diff(want, h.done); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	mustRelease(t, first)
	mustRelease(t, second)
	if len(h.clusters) > 0 {
		t.Errorf("left are %v", h.clusters)
	}
}

// TestFreshWantsASnapshot: a cluster that was not saved is not passed off as a fresh one.
func TestFreshWantsASnapshot(t *testing.T) {
	h := newMachine(t)
	mustUse(t, h.process(), "ours")
	err := fresh(t, h.process())
	if hint.ReasonOf(err) != hint.SnapshotMissing.Name || !strings.Contains(hint.AdviceOf(err), "kindctl down -n ours") {
		t.Errorf("the error is %v", err)
	}
}

// TestTurns: a test has a cluster alone until it ends, and does not wait for itself.
func TestTurns(t *testing.T) {
	newMachine(t)
	q := &queues{holder: map[string]string{}}
	another, err := turnOf("ours")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("holder", func(t *testing.T) {
		if err := q.take(t, "ours"); err != nil {
			t.Fatal(err)
		}
		if free, err := another.TryLock(); free || err != nil {
			t.Errorf("another process has the cluster as well: %v", err)
		}
		t.Run("part", func(t *testing.T) {
			if err := q.take(t, "ours"); err == nil || !strings.Contains(hint.AdviceOf(err), "cluster.Reset") {
				t.Errorf("a subtest: %v", err)
			}
		})
		if err := q.take(t, "others"); err != nil {
			t.Errorf("another cluster: %v", err)
		}
	})
	if free, err := another.TryLock(); !free || err != nil {
		t.Errorf("the cluster is still taken: %v", err)
	}
	if err := another.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := q.take(t, "ours"); err != nil {
		t.Error(err)
	}
}
