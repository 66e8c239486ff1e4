package kindctltest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/runs"
	"github.com/kindctl/kindctl/pkg/scratch"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Shared gives a test the cluster of a name: the first test makes it, unless it
// is there already, healthy and in the same shape; later ones get the same.
// Tests of other packages that run at the same time wait for each other. It is
// kept, for the next run as well, or removed by Main. Tests that share a cluster
// keep out of each other's way, with a namespace each for example.
func Shared(t testing.TB, name string, options ...Option) *Cluster {
	t.Helper()
	s, err := settle(name, options)
	must(t, err)
	requireDocker(t)
	s.Sink, s.Examine = log(t), examine(t, name)
	found, err := commune.get(t, s)
	must(t, err)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(kubeconfig, found.kubeconfig, 0o600))
	return attach(t, found.cluster, kubeconfig)
}

// Main runs a package's tests and then removes the clusters that Shared made,
// if no other process uses them any more; the last one removes them. What was
// there before any of them stays. It returns the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(kindctltest.Main(m)) }
func Main(m interface{ Run() int }) int {
	watchman.last = func() { _ = commune.leave(false) }
	code := m.Run()
	if err := commune.leave(code != 0); err != nil {
		fmt.Fprintln(os.Stderr, said(err))
		return max(code, int(hint.Internal))
	}
	return code
}

// community has the clusters that the tests of this process share.
type community struct {
	up       func(testing.TB, kindctl.Options) (*kindctl.Cluster, error)
	down     func(ctx context.Context, name, kubeconfig string, sink event.Sink) error
	identity func(context.Context, *kindctl.Cluster) (string, error)

	mu     sync.Mutex
	shares map[string]*share
}

var commune = newCommunity()

func newCommunity() *community {
	return &community{
		up:       func(t testing.TB, o kindctl.Options) (*kindctl.Cluster, error) { return watchman.run(t, o) },
		down:     kindctl.Down,
		identity: identity,
		shares:   map[string]*share{},
	}
}

// share is one cluster.
type share struct {
	settings   settings
	open       sync.Once
	err        error
	users      *users
	cluster    *kindctl.Cluster
	kubeconfig []byte
}

// get returns the cluster that the settings name, made if need be.
func (c *community) get(t testing.TB, s settings) (*share, error) {
	c.mu.Lock()
	here := c.shares[s.Topology.Name]
	if here == nil {
		here = &share{settings: s}
		c.shares[s.Topology.Name] = here
	}
	c.mu.Unlock()
	here.open.Do(func() { here.err = c.join(t, here) })
	if here.err != nil {
		return nil, here.err
	}
	if differences := differences(here.settings.Topology, s.Topology); differences != "" {
		return nil, hint.ClusterDiffers.New(fmt.Sprintf("another test shares cluster %s in another shape: %s", s.Topology.Name, differences), "share clusters of different shapes by different names")
	}
	return here, nil
}

// differences names, in words, how a cluster that is wanted differs from another one.
func differences(have, wanted clusters.Topology) string {
	shape := func(t clusters.Topology) verify.Expectation {
		return verify.Expectation{ControlPlanes: t.ControlPlanes, Workers: t.Workers, CNI: t.CNI, ProxyMode: t.ProxyMode}
	}
	return cmp.Or(shape(have).Differences(shape(wanted)), have.Differences(wanted))
}

// join makes a cluster or finds it, and counts this process among its users.
func (c *community) join(t testing.TB, here *share) (err error) {
	if here.users, err = usersOf(here.settings.Topology.Name); err != nil {
		return err
	}
	if err := here.users.enter(t.Context()); err != nil {
		return err
	}
	private, remove, err := scratch.Dir("test")
	if err != nil {
		return err
	}
	defer remove()
	o := here.settings.Options
	o.Kubeconfig = filepath.Join(private, "kubeconfig")
	if here.cluster, err = c.patiently(t, o); err != nil {
		here.users.exit()
		return err
	}
	if here.kubeconfig, err = os.ReadFile(o.Kubeconfig); err != nil || here.cluster.Existed {
		return err
	}
	id, err := c.identity(t.Context(), here.cluster)
	if err != nil {
		return err
	}
	return here.users.remember(id)
}

// patiently waits while another process is at work on the cluster: most likely
// it is making it.
func (c *community) patiently(t testing.TB, o kindctl.Options) (cluster *kindctl.Cluster, err error) {
	name := o.Topology.Name
	err = runs.RetryWhenBusy(t.Context(), name, func() {
		o.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "shared", Message: "waiting for another process that is at work on cluster " + name})
	}, func() (err error) {
		cluster, err = c.up(t, o)
		return err
	})
	return cluster, err
}

// identity tells a cluster from another one that has its name later.
func identity(ctx context.Context, cluster *kindctl.Cluster) (string, error) {
	namespace, err := cluster.Client.Clientset.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("cluster %s: %w", cluster.Name, err)
	}
	return string(namespace.UID), nil
}
