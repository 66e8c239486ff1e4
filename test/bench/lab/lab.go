package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// Lab is this machine with its Docker.
type Lab struct {
	// Images are the node images that were found, by CNI.
	Images map[string]string
	// Facts are those of the machine, Machine what a Result says of it.
	Facts   host.Facts
	Machine compare.Machine

	program string
	docker  *provider.Docker
	// system is the root of the file system whose /proc is that of Docker's machine;
	// nil when Docker runs elsewhere.
	system fs.FS
	close  []func()
}

// Close lets go of Docker and of the names of the clusters.
func (l *Lab) Close() {
	for _, each := range l.close {
		each()
	}
}

// Cluster is the name of the cluster that an arm makes.
func Cluster(arm string) string { return "bench-" + arm + "-own" }

const (
	// patience is how long a run may take until the cluster works: several times
	// what the slowest takes with two processors and eight nodes.
	patience = 15 * time.Minute
	// removal bounds what comes after, also when the context has ended.
	removal = 3 * time.Minute
)

// Run makes, tests, measures and removes one cluster.
func (l *Lab) Run(ctx context.Context, arm compare.Arm, order compare.Order, say func(string)) (m compare.Measures, err error) {
	dir, remove, err := scratch.Dir("bench")
	if err != nil {
		return m, err
	}
	defer remove()
	order.Cluster, order.Kubeconfig = Cluster(arm.Name), filepath.Join(dir, "kubeconfig")
	defer func() {
		say("removing the cluster")
		err = errors.Join(err, l.remove(ctx, order, err != nil))
	}()
	bounded, cancel := context.WithTimeoutCause(ctx, patience, hint.New(hint.Timeout, "RUN_TIMEOUT", fmt.Sprintf("the cluster of arm %s did not work after %v", arm.Name, patience), "make one by hand and look: kindctl up --retain"))
	defer cancel()
	return l.measure(bounded, arm, order, say)
}

// measure does what the clock counts.
func (l *Lab) measure(ctx context.Context, arm compare.Arm, order compare.Order, say func(string)) (m compare.Measures, err error) {
	before := spent(l.system)
	started := time.Now()
	client, err := child(ctx, cmp.Or(arm.Program, l.program), arm.Words(order), nil, say)
	if err != nil {
		return m, err
	}
	m.Done = time.Since(started).Seconds()
	say("the arm is done; test the cluster")
	seen, err := untilItWorks(ctx, order, say)
	if err != nil {
		return m, err
	}
	m.Finish = seen.Sub(started).Seconds()
	m.CPU.Daemons, m.CPU.Machine = spent(l.system).since(before)
	m.CPU.Client = client.Seconds()
	nodes, err := l.docker.Cluster(order.Cluster).Usage(ctx)
	m.CPU.Nodes, m.PeakMemory = nodes.CPU.Seconds(), nodes.PeakMemory
	return m, err
}

// remove removes the cluster. Where an arm has failed, something of it may still
// be on its way.
func (l *Lab) remove(ctx context.Context, order compare.Order, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	pending := 0
	if failed {
		pending = order.Nodes
	}
	if _, err := gc.Remove(ctx, l.docker, order.Cluster, gc.RemoveOptions{Kubeconfig: order.Kubeconfig, Pending: pending}); err != nil {
		return hint.RemoveFailed.Wrap(err, "something of cluster "+order.Cluster+" may be left", "remove it: kindctl down -n "+order.Cluster)
	}
	return nil
}
