package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TakeConfig says how a cluster is taken from a pool.
type TakeConfig struct {
	// Command is the one that takes it, for gc to clean up after a kill.
	Command string
	// TTL is how long the cluster is wanted from now on; 0 is for as long as no one removes it.
	TTL time.Duration
	// Kubeconfig is the file to merge into; "" means KUBECONFIG or the default.
	Kubeconfig string
	// KeepContext leaves the kubeconfig's current context as it is.
	KeepContext bool
	// WaitTimeout bounds each wait for something to become ready.
	WaitTimeout time.Duration
	// Checks are those to run, and CNIs those that are recognized.
	Checks health.Checks
	CNIs   []verify.CNI
	// Examine looks at a cluster that could not be taken, before it is removed. It gets the
	// cluster's name, the verdict, which is empty when it never came to that, and the error. Nil
	// is not called, and nothing is after an interrupt.
	Examine func(ctx context.Context, cluster string, verdict verify.Report, failure error)
}

// Taken is a cluster that was taken.
type Taken struct {
	Name string
	// Client reaches its API, and Version is that of its Kubernetes.
	Client  *kube.Client
	Version string
	// Report is the verdict on it.
	Report verify.Report
	// Record is that of the command, which has to clean up the cluster until it ends the record.
	Record *runs.Record
}

// Take takes a cluster from the pool, and returns nil when there is none. One that does not
// thaw or does not pass the checks is removed, with a warning, and the next one taken.
func (p *Pool) Take(ctx context.Context, d Definition, config TakeConfig) (*Taken, error) {
	if err := provider.CheckKubeconfig(ctx, config.Kubeconfig); err != nil {
		return nil, err
	}
	entries, err := p.Entries(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.State == Broken {
			p.explain(entry)
			if _, err := p.remove(ctx, d, entry.Name); err != nil {
				p.warn(err.Error())
			}
		}
		if entry.State != Ready {
			continue
		}
		t := &taking{TakeConfig: config, pool: p, cluster: p.Docker.Cluster(entry.Name), Taken: Taken{Name: entry.Name}}
		switch taken, err := t.run(ctx, d); {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil && (t.Record == nil || hint.ReasonOf(err) == hint.KubeconfigFailed.Name): // the cluster is not to blame
			return nil, err
		case err != nil:
			p.warn(t.outcome(err))
		case taken:
			return &t.Taken, nil
		}
	}
	return nil, nil
}

// taking is a cluster that is being taken.
type taking struct {
	TakeConfig
	Taken

	pool    *Pool
	cluster provider.Cluster
	found   provider.Inventory
	frozen  time.Time
	expect  verify.Expectation
	left    bool // something of the cluster could not be removed
}

// outcome says what became of a cluster that could not be taken.
func (t *taking) outcome(err error) string {
	became := "was removed"
	if t.left {
		became = "could not be taken, and not all of it could be removed (kindctl gc removes the rest)"
	}
	return fmt.Sprintf("cluster %s of the pool %s: %v", t.Name, became, err)
}

// run takes the cluster, unless someone else has or is about to.
func (t *taking) run(ctx context.Context, d Definition) (taken bool, err error) {
	release, err := runs.Lock(t.Name)
	if hint.ReasonOf(err) == hint.ClusterBusy.Name {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer release()
	entry, is, err := entryOf(ctx, engine{t.pool.Docker}, t.Name, d, t.pool.Version)
	if err != nil || !is || entry.State != Ready {
		return false, err
	}
	t.frozen, t.found = entry.Frozen, entry.inventory
	if t.Record, err = runs.Reopen(t.Command, t.Name, entry.run); err != nil {
		return false, err
	}
	options := plan.Options{Sink: t.pool.Sink, UndoTimeout: undoTimeout}
	if t.Examine != nil {
		options.Examine = func(ctx context.Context, failure error) { t.Examine(ctx, t.Name, t.Report, failure) }
	}
	err = plan.Run(ctx, t.plan(), options)
	if err != nil {
		err = errors.Join(err, t.Record.End(!t.left))
	}
	return err == nil, err
}

// plan is the recipe. Estimates are for three nodes on two cores.
func (t *taking) plan() []plan.Phase {
	return []plan.Phase{
		{Name: "take", Title: "Take cluster " + t.Name + " from the pool", Estimate: time.Second, Run: t.claim, Undo: t.remove},
		{Name: "thaw", Title: "Resume the nodes", Estimate: time.Second, Run: t.thaw},
		{Name: "nodes", Title: "Wait until the nodes are ready", Estimate: time.Second, Run: t.waitForNodes},
		{Name: "verify", Title: "Verify every component, without the slow checks", Estimate: 2 * time.Second, Run: t.verify},
		{Name: "kubeconfig", Title: "Merge the kubeconfig", Estimate: time.Second, Run: t.mergeKubeconfig},
	}
}

// claim has the cluster leave the pool, for its containers and for gc to clean up after a kill.
func (t *taking) claim(ctx context.Context, _ *event.Span) (_ string, err error) {
	if err := t.Record.Change(func(e *runs.Entry) {
		e.Creation = &runs.Creation{Docker: t.pool.ID, Since: time.Now(), Network: t.found.Nodes[0].Network}
	}); err != nil {
		return "", err
	}
	var expires time.Time
	if t.TTL > 0 {
		expires = time.Now().UTC().Add(t.TTL)
	}
	var group errgroup.Group
	group.Go(func() error { return t.found.LeavePool(ctx, expires, provider.KubeconfigTarget(t.Kubeconfig)) })
	group.Go(func() (err error) {
		t.Client, err = health.Connect(ctx, t.cluster)
		return err
	})
	return "", group.Wait()
}

func (t *taking) remove(ctx context.Context) error {
	_, err := gc.Remove(ctx, t.pool.Docker, t.Name, gc.RemoveOptions{Kubeconfig: t.Kubeconfig})
	t.left = err != nil
	return err
}

func (t *taking) thaw(ctx context.Context, _ *event.Span) (string, error) {
	return "", thaw(ctx, t.found.Nodes, t.frozen)
}

// thawTimeout bounds the wait for the API and the nodes of a cluster that was resumed.
const thawTimeout = time.Minute

func (t *taking) waitForNodes(ctx context.Context, span *event.Span) (message string, err error) {
	timeout := min(t.WaitTimeout, thawTimeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if t.Version, err = t.Client.Version(ctx); err != nil {
		return "", err
	}
	if err := release(ctx, t.Client); err != nil {
		return "", err
	}
	if t.expect, err = record.Discover(ctx, t.Client, t.CNIs...); err != nil {
		return "", err
	}
	if t.expect.CNI == verify.NoCNI {
		return "they wait for a CNI", nil
	}
	nodes := t.expect.ControlPlanes + t.expect.Workers
	waiter := health.Waiter{Client: t.Client, Timeout: timeout}
	return fmt.Sprintf("%d nodes", nodes), waiter.Nodes(ctx, span, nodes)
}

func (t *taking) verify(ctx context.Context, _ *event.Span) (_ string, err error) {
	t.Report, err = health.Verify(ctx, t.Client, t.cluster, t.expect, t.Checks, t.pool.Sink)
	t.Report.Cluster = provider.Context(t.Name)
	return health.ChecksPassed(t.Report, err)
}

func (t *taking) mergeKubeconfig(ctx context.Context, _ *event.Span) (string, error) {
	begun := runs.KubeconfigChange{Since: time.Now(), Files: provider.KubeconfigFiles(t.Kubeconfig)}
	if err := t.Record.Change(func(e *runs.Entry) { e.KubeconfigChange = &begun }); err != nil {
		return "", err
	}
	if err := t.cluster.MergeKubeconfig(ctx, t.Kubeconfig, t.KeepContext); err != nil {
		return "", hint.KubeconfigFailed.Wrap(err, "the kubeconfig could not be merged", "check the file's permissions, then run this again")
	}
	return "context " + provider.Context(t.Name), t.Record.Change(func(e *runs.Entry) { e.KubeconfigChange = nil })
}
