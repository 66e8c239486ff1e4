package kindctltest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Shared gives a test the cluster of a name: the first test creates it, unless it
// exists already, healthy and in the same shape; later ones get the same.
// Tests of other packages that run at the same time wait for each other. It is
// kept, for the next run as well, or removed by Main. Tests that share a cluster
// keep out of each other's way, with a namespace each for example.
func Shared(t testing.TB, name string, options ...Option) *Cluster {
	t.Helper()
	s, err := mergeOptions(name, options)
	must(t, err)
	requireDocker(t)
	s.sink, s.Examine = log(t), examine(t)
	found, err := shared.get(t, s)
	must(t, err)
	return attachShared(t, found)
}

// attachShared is attach with a kubeconfig of the test's own.
func attachShared(t testing.TB, cluster *sharedCluster) *Cluster {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(kubeconfig, cluster.kubeconfig, 0o600))
	return attach(t, cluster.result.Name, kubeconfig)
}

// Main runs a package's tests and then removes the clusters that Shared and Fresh created,
// if no other process uses them any more; the last one removes them. What was
// there before any of them stays. It returns the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(kindctltest.Main(m)) }
func Main(m interface{ Run() int }) int {
	interrupts.last = func() { _ = shared.release(false) }
	code := m.Run()
	if err := shared.release(code != 0); err != nil {
		fmt.Fprintln(os.Stderr, message(err))
		return max(code, int(hint.Internal))
	}
	return code
}

// sharedClusters are those that the tests of this process share.
type sharedClusters struct {
	up       func(testing.TB, settings) (kindctl.UpResult, error)
	down     func(ctx context.Context, name, kubeconfig string) error
	identity func(context.Context, kindctl.UpResult) (string, error)
	save     func(t testing.TB, name, snapshot string) error
	reset    func(t testing.TB, name, snapshot string) error

	mu     sync.Mutex
	byName map[string]*sharedCluster
}

var shared = newSharedClusters()

func newSharedClusters() *sharedClusters {
	return &sharedClusters{up: interrupts.run, down: down, identity: identity, save: save, reset: reset, byName: map[string]*sharedCluster{}}
}

// sharedCluster is one of them.
type sharedCluster struct {
	settings   settings
	once       sync.Once
	err        error
	refs       *refcount
	result     *kindctl.UpResult // nil before it is there
	kubeconfig []byte
	used       bool // by a test, since it was created or reset
}

// get returns the cluster that the settings name, created if need be.
func (c *sharedClusters) get(t testing.TB, s settings) (*sharedCluster, error) {
	c.mu.Lock()
	cluster := c.byName[s.Topology.Name]
	if cluster == nil {
		cluster = &sharedCluster{settings: s}
		c.byName[s.Topology.Name] = cluster
	}
	c.mu.Unlock()
	cluster.once.Do(func() { cluster.err = c.acquire(t, cluster) })
	if cluster.err != nil {
		return nil, cluster.err
	}
	if cluster.settings.saved != s.saved {
		return nil, hint.ClusterDiffers.New(fmt.Sprintf("tests have cluster %s by Shared, and others by Fresh", s.Topology.Name),
			"use different names for clusters that are shared and those that are reset for each test")
	}
	if differences := differences(cluster.settings.Topology, s.Topology); differences != "" {
		return nil, hint.ClusterDiffers.New(fmt.Sprintf("another test shares cluster %s in another shape: %s", s.Topology.Name, differences),
			"share clusters of different shapes by different names")
	}
	return cluster, nil
}

// differences says in plain text how a cluster that is wanted differs from another one.
func differences(have, wanted clusters.Topology) string {
	shape := func(t clusters.Topology) verify.Expectation {
		return verify.Expectation{ControlPlanes: t.ControlPlanes, Workers: t.Workers, CNI: t.CNI, ProxyMode: t.ProxyMode}
	}
	return cmp.Or(shape(have).Differences(shape(wanted)), have.Differences(wanted))
}

// acquire creates a cluster or finds it, and counts this process among its users.
func (c *sharedClusters) acquire(t testing.TB, cluster *sharedCluster) (err error) {
	if cluster.refs, err = refcountOf(cluster.settings.Topology.Name); err != nil {
		return err
	}
	if err := cluster.refs.acquire(t.Context()); err != nil {
		return err
	}
	private, remove, err := scratch.Dir("test")
	if err != nil {
		return err
	}
	defer remove()
	s := cluster.settings
	s.Kubeconfig, s.Wait = filepath.Join(private, "kubeconfig"), true // another process may be creating it
	result, err := c.upSaved(t, s)
	if err != nil {
		cluster.refs.release()
		return err
	}
	cluster.result = &result
	if cluster.kubeconfig, err = os.ReadFile(s.Kubeconfig); err != nil || result.Existed {
		return err
	}
	id, err := c.identity(t.Context(), result)
	if err != nil {
		return err
	}
	return cluster.refs.setCreated(id)
}

// upSaved is up with a snapshot of the cluster, if that is wanted. One that is there already is
// reset: what earlier tests have left of it need not be healthy.
func (c *sharedClusters) upSaved(t testing.TB, s settings) (kindctl.UpResult, error) {
	name := s.Topology.Name
	if s.saved {
		switch err := c.reset(t, name, kindctl.AfterUp); hint.ReasonOf(err) {
		case hint.SnapshotMissing.Name, hint.SnapshotForeign.Name:
			return kindctl.UpResult{}, hint.SnapshotMissing.Wrap(err, "cluster "+name+" exists, and cannot be brought back to what it was when it was created",
				"remove it, so that the tests create it: kindctl down -n "+name)
		case hint.ClusterMissing.Name:
		default:
			if err != nil {
				return kindctl.UpResult{}, err
			}
		}
	}
	result, err := c.up(t, s)
	if err == nil && s.saved && !result.Existed {
		if err = c.save(t, name, kindctl.AfterUp); err != nil {
			ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
			defer cancel()
			err = errors.Join(err, c.down(ctx, name, s.Kubeconfig))
		}
	}
	return result, err
}

// identity distinguishes a cluster from another one that has its name later.
func identity(ctx context.Context, cluster kindctl.UpResult) (string, error) {
	api, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		return "", err
	}
	namespace, err := api.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("cluster %s: %w", cluster.Name, err)
	}
	return string(namespace.UID), nil
}
