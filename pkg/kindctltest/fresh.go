package kindctltest

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// Fresh is Shared for tests that change what they like: each gets the cluster as it was when it
// was created, and has it alone until the test has ended. The first test creates the cluster and
// saves it; later ones wait for each other, also those of other packages, and reset it, which is
// quicker than another one. Kubeconfigs stay valid; watches have to begin again.
func Fresh(t testing.TB, name string, options ...Option) *Cluster {
	t.Helper()
	s, err := mergeOptions(name, options)
	must(t, err)
	requireDocker(t)
	must(t, turns.take(t, name))
	s.sink, s.Examine, s.saved = log(t), examine(t), true
	found, err := shared.get(t, s)
	must(t, err)
	must(t, shared.freshen(t, found))
	return attachShared(t, found)
}

// Save saves the cluster under a name of its own, for Reset. The snapshot goes with the test.
func (c *Cluster) Save(t testing.TB, snapshot string) {
	t.Helper()
	if snapshot == kindctl.AfterUp {
		t.Fatalf("the name %s is that of the cluster as it was when it was created; choose another one", snapshot)
	}
	must(t, save(t, c.Name, snapshot))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
		defer cancel()
		if err := client.RemoveSnapshot(ctx, c.Name, snapshot); err != nil {
			t.Errorf("%s", message(err))
		}
	})
}

// Reset brings the cluster back to a snapshot of Save, or with "" to what it was when it was
// created, which clusters of Fresh alone can.
func (c *Cluster) Reset(t testing.TB, snapshot string) {
	t.Helper()
	must(t, reset(t, c.Name, snapshot))
}

// freshen resets a cluster that a test has used. Tests take turns with it.
func (c *sharedClusters) freshen(t testing.TB, cluster *sharedCluster) error {
	if cluster.used {
		if err := c.reset(t, cluster.result.Name, kindctl.AfterUp); err != nil {
			return err
		}
	}
	cluster.used = true
	return nil
}

func save(t testing.TB, name, snapshot string) error {
	return interrupts.do(t, func(ctx context.Context) error {
		_, err := client.WithSink(log(t)).SaveSnapshot(ctx, kindctl.SaveSnapshotOptions{
			Cluster: name, Name: snapshot, Replace: snapshot == kindctl.AfterUp,
		})
		return err
	})
}

func reset(t testing.TB, name, snapshot string) error {
	return interrupts.do(t, func(ctx context.Context) error {
		_, err := client.WithSink(log(t)).Reset(ctx, kindctl.ResetOptions{Name: name, To: snapshot})
		return err
	})
}

// queues have the tests that use a cluster alone, by its name.
type queues struct {
	mu     sync.Mutex
	holder map[string]string // tests of this process, by cluster
}

var turns = &queues{holder: map[string]string{}}

// take waits until no other test uses the cluster, of whatever process, and ends with the test.
func (q *queues) take(t testing.TB, name string) error {
	q.mu.Lock()
	holder := q.holder[name]
	q.mu.Unlock()
	if holder != "" && (t.Name() == holder || strings.HasPrefix(t.Name(), holder+"/")) {
		return hint.BadFlag.New("test "+holder+" has cluster "+name+" already", `bring it back with its method: cluster.Reset(t, "")`)
	}
	lock, err := turnOf(name)
	if err != nil {
		return err
	}
	ours, err := lock.TryLock()
	if err == nil && !ours {
		t.Logf("waiting for %s, which uses cluster %s", cmp.Or(holder, "a test of another process"), name)
		_, err = lock.TryLockContext(t.Context(), lockRetry)
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holder[name] = t.Name()
	t.Cleanup(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.holder, name)
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	})
	return nil
}
