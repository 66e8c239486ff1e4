package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// ResetConfig says which cluster is brought back to what.
type ResetConfig struct {
	Store Store
	// To is the name of the snapshot.
	To string
	// Start names the cluster, and says how it is started and verified at the end.
	Start lifecycle.StartConfig
}

// Reset brings a cluster back to a snapshot of itself, in its containers.
type Reset struct {
	ResetConfig

	manifest Manifest
	nodes    []*provider.Node // as in the manifest
	helpers  []*provider.Helper
	ran      bool // it is to run if the old data comes back
	begun    bool // the metadata names a snapshot, and the old data is kept
	layers   bool // nodes' own files may have been replaced
	returned bool // the old data is back
	fresh    bool // the nodes are new, and have nothing to keep
}

// NewReset prepares to reset a cluster.
func NewReset(config ResetConfig) *Reset { return &Reset{ResetConfig: config} }

// Plan is the recipe of "reset", before that of "start". Estimates are for three nodes on two
// cores.
func (r *Reset) Plan() []plan.Phase {
	return []plan.Phase{
		{Name: "compare", Title: "Compare the snapshot with the cluster", Estimate: time.Second, Run: r.compare},
		{Name: "unpack", Title: "Unpack the snapshot beside the nodes' data", Estimate: 3 * time.Second, Run: r.unpack, Undo: r.drop},
		{Name: "wake", Title: "Replace the data of stopped nodes and start them", Estimate: 5 * time.Second,
			Skip: r.allRun, Run: r.wake, Undo: r.putBack},
		{Name: "replace", Title: "Stop the nodes and replace their data", Estimate: 3 * time.Second, Run: r.replace, Undo: r.putBack},
	}
}

// Run resets the cluster, starts it and verifies it. Whatever fails, the cluster is as it was,
// or the error says to repeat the reset. The Start has the verdict.
func (r *Reset) Run(ctx context.Context) (start *lifecycle.Start, err error) {
	config := r.Start
	config.Before = r.Plan()
	start = lifecycle.NewStart(config)
	release, err := runs.Lock(config.Name)
	if err != nil {
		return start, err
	}
	defer release()
	record, err := opened(ctx, config.Docker, runs.Reset, config.Name)
	if err != nil {
		return start, err
	}
	defer func() {
		err = errors.Join(err, closeHelpers(ctx, r.helpers), record.End(!r.begun))
	}()
	err = start.RunLocked(ctx)
	switch {
	case err == nil:
		return start, r.end(ctx)
	case !r.returned:
		return start, err
	}
	err = hint.Keep(err, fmt.Sprintf("cluster %s is as it was before the reset to snapshot %s, which failed", config.Name, r.To))
	if r.ran && ctx.Err() == nil {
		again := r.Start
		again.Checks = nil
		err = errors.Join(err, lifecycle.NewStart(again).RunLocked(ctx))
	}
	return start, err
}

func (r *Reset) cluster() provider.Cluster { return r.Start.Docker.Cluster(r.Start.Name) }

// compare refuses what would not fit, before anything is touched.
func (r *Reset) compare(ctx context.Context, _ *event.Span) (_ string, err error) {
	if r.manifest, err = r.Store.Read(r.Start.Name, r.To); err != nil {
		return "", err
	}
	if r.nodes, err = nodesOf(ctx, r.cluster()); err != nil {
		return "", err
	}
	machine, err := r.Start.Docker.Machine(ctx)
	if err != nil {
		return "", err
	}
	if err := r.manifest.fits(r.nodes, machine); err != nil {
		return "", err
	}
	metadata, err := metadataOf(ctx, r.cluster())
	if err != nil {
		return "", err
	}
	r.begun = metadata.Reset != ""
	r.layers = r.begun
	r.ran = r.begun || slices.ContainsFunc(r.nodes, func(node *provider.Node) bool { return !stopped(node) })
	if metadata.Reset != r.To { // else it was compared before, and its file may be half written
		authority, err := authorityOf(ctx, r.Start.Name, r.nodes)
		if err != nil {
			return "", err
		}
		if authority != r.manifest.Authority {
			return "", foreign(r.manifest, "it is of an earlier cluster of that name",
				"list those of this one: kindctl snapshot ls -n "+r.Start.Name)
		}
	}
	if err := r.Store.Check(ctx, r.manifest); err != nil {
		return "", err
	}
	return "of " + r.manifest.Created.Local().Format(time.DateTime), nil
}

// fits compares a snapshot with the nodes and the machine that there are. The nodes are
// sorted by name, here and there.
func (m Manifest) fits(nodes []*provider.Node, machine provider.Machine) error {
	if m.Machine.Architecture != machine.Architecture || m.Machine.Cgroup != machine.Cgroup {
		return foreign(m, m.otherMachine(machine), "use one that was taken on such a machine")
	}
	var added, lost, changed []string
	for _, node := range nodes {
		at := slices.IndexFunc(m.Nodes, func(saved Node) bool { return saved.Name == node.Name })
		switch {
		case at < 0:
			added = append(added, node.Name)
		case m.Nodes[at].Role != node.Role || m.Nodes[at].Image != node.Image:
			changed = append(changed, node.Name)
		}
	}
	for _, saved := range m.Nodes {
		if !slices.ContainsFunc(nodes, func(node *provider.Node) bool { return node.Name == saved.Name }) {
			lost = append(lost, saved.Name)
		}
	}
	switch {
	case len(added) > 0:
		return foreign(m, "these nodes were added since: "+strings.Join(added, ", "),
			fmt.Sprintf("remove them: kindctl node rm -n %s %s", m.Cluster, strings.Join(added, " ")))
	case len(lost) > 0:
		return foreign(m, "these nodes were removed since: "+strings.Join(lost, ", "),
			"add them again: kindctl node add -n "+m.Cluster+"; a new node takes the lowest free name")
	case len(changed) > 0:
		return foreign(m, "these nodes have another role or image: "+strings.Join(changed, ", "),
			"use another snapshot: kindctl snapshot ls -n "+m.Cluster)
	}
	return nil
}

func (m Manifest) otherMachine(machine provider.Machine) string {
	return fmt.Sprintf("it was taken on %s with cgroup v%s, and Docker has %s with cgroup v%s",
		m.Machine.Architecture, m.Machine.Cgroup, machine.Architecture, machine.Cgroup)
}

func foreign(m Manifest, why, advice string) error {
	return hint.SnapshotForeign.New(fmt.Sprintf("snapshot %s does not fit cluster %s: %s", m.Name, m.Cluster, why), advice)
}

// unpack brings everything that takes long into the nodes, while the cluster is as it was.
func (r *Reset) unpack(ctx context.Context, _ *event.Span) (_ string, err error) {
	if r.helpers, err = makeHelpers(ctx, r.nodes); err != nil {
		return "", r.failed(err)
	}
	return "", r.each(ctx, func(ctx context.Context, node *provider.Node, saved Node) error {
		if !r.begun {
			if err := r.helperOf(node).DropKept(ctx); err != nil {
				return err
			}
		}
		return r.unpackVolume(ctx, node, saved)
	})
}

func stopped(node *provider.Node) bool { return !node.Running() && !node.Paused() }

func (r *Reset) allRun() string {
	if slices.ContainsFunc(r.nodes, func(node *provider.Node) bool { return !node.Running() }) {
		return ""
	}
	return "all of them run"
}

// wake has the nodes of a stopped cluster run, because their own files are replaced from
// within. A node that a reset has left with a part of its volume could not start, so it gets
// all of it, once before and once after.
func (r *Reset) wake(ctx context.Context, span *event.Span) (string, error) {
	if err := unbroken(ctx, func(ctx context.Context) error {
		if err := r.begin(ctx); err != nil {
			return err
		}
		return r.ofStopped(ctx, (*provider.Helper).ReplaceVolume)
	}); err != nil {
		return "", err
	}
	wake, err := r.cluster().Wake(ctx)
	if err == nil {
		err = wake.Run(ctx, span)
	}
	if err != nil {
		return "", r.failed(err)
	}
	return "", r.each(ctx, func(ctx context.Context, node *provider.Node, saved Node) error {
		if !stopped(node) {
			return nil
		}
		return r.unpackVolume(ctx, node, saved)
	})
}

// begin has start refuse the cluster until the reset has ended.
func (r *Reset) begin(ctx context.Context) error {
	r.begun = true
	return r.failed(r.cluster().SetReset(ctx, r.To))
}

// ofStopped does something with the volumes of the nodes that were stopped.
func (r *Reset) ofStopped(ctx context.Context, do func(*provider.Helper, context.Context) error) error {
	return r.each(ctx, func(ctx context.Context, node *provider.Node, _ Node) error {
		if !stopped(node) {
			return nil
		}
		return do(r.helperOf(node), ctx)
	})
}

func (r *Reset) unpackVolume(ctx context.Context, node *provider.Node, saved Node) error {
	return r.Store.read(r.manifest, saved.Volume, func(archive io.Reader) error { return r.helperOf(node).UnpackVolume(ctx, archive) })
}

// drop removes what was unpacked and has not been used.
func (r *Reset) drop(ctx context.Context) error {
	if slices.Contains(r.helpers, nil) {
		return nil
	}
	return r.each(ctx, func(ctx context.Context, node *provider.Node, _ Node) error {
		return r.helperOf(node).DropUnpacked(ctx)
	})
}

// replaceTimeout bounds the part of a reset that an interrupt does not end.
const replaceTimeout = 2 * time.Minute

// unbroken does that part: a cluster with nodes of different times is of no use.
func unbroken(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replaceTimeout)
	defer cancel()
	return do(ctx)
}

func (r *Reset) replace(ctx context.Context, span *event.Span) (string, error) {
	return "", unbroken(ctx, func(ctx context.Context) error {
		if err := r.begin(ctx); err != nil {
			return err
		}
		r.layers = true
		if err := r.each(ctx, r.replaceLayer); err != nil {
			return err
		}
		return r.killed(ctx, span, (*provider.Helper).ReplaceVolume)
	})
}

func (r *Reset) replaceLayer(ctx context.Context, node *provider.Node, saved Node) error {
	now, err := node.Layer(ctx)
	if err == nil && !r.fresh {
		err = node.KeepLayer(ctx, now)
	}
	if err != nil {
		return err
	}
	return r.Store.read(r.manifest, saved.Files, func(archive io.Reader) error {
		return node.RestoreLayer(ctx, now, saved.Layer, archive, r.helperOf(node))
	})
}

// killed kills the nodes, and does something with their volumes.
func (r *Reset) killed(ctx context.Context, span *event.Span, do func(*provider.Helper, context.Context) error) error {
	kill, err := r.cluster().Kill(ctx)
	if err == nil {
		err = kill.Run(ctx, span)
	}
	if err != nil {
		return r.failed(err)
	}
	return r.each(ctx, func(ctx context.Context, node *provider.Node, _ Node) error { return do(r.helperOf(node), ctx) })
}

// putBack undoes what was replaced, and starts the nodes if they ran. As long as it has not
// ended, the same reset can be repeated.
func (r *Reset) putBack(ctx context.Context) error {
	if !r.begun {
		return nil
	}
	if err := r.returnData(ctx); err != nil {
		return hint.ResetUnfinished.Wrap(err,
			fmt.Sprintf("the data of cluster %s from before the reset could not be put back, and nodes may be of different times", r.Start.Name),
			fmt.Sprintf("repeat the reset: kindctl reset -n %s --to %s", r.Start.Name, r.To))
	}
	r.returned = true
	if !r.ran {
		return nil
	}
	start, err := r.cluster().Start(ctx)
	if err == nil {
		err = start.Run(ctx, event.Start(event.Discard, event.Event{}))
	}
	return err
}

// returnData gives the nodes their data back.
func (r *Reset) returnData(ctx context.Context) (err error) {
	if r.nodes, err = nodesOf(ctx, r.cluster()); err != nil {
		return err
	}
	silent := event.Start(event.Discard, event.Event{})
	if r.layers {
		if err := r.returnLayers(ctx, silent); err != nil {
			return err
		}
	}
	if err := r.killed(ctx, silent, (*provider.Helper).ReturnVolume); err != nil {
		return err
	}
	return r.forget(ctx)
}

// returnLayers takes the same way as the reset: nodes that do not run get their volume back and
// are started, to restore their own files.
func (r *Reset) returnLayers(ctx context.Context, span *event.Span) error {
	if err := r.ofStopped(ctx, (*provider.Helper).ReturnVolume); err != nil {
		return err
	}
	wake, err := r.cluster().Wake(ctx)
	if err == nil {
		err = wake.Run(ctx, span)
	}
	if err != nil {
		return err
	}
	return r.each(ctx, func(ctx context.Context, node *provider.Node, _ Node) error {
		return node.RestoreKeptLayer(ctx, r.helperOf(node))
	})
}

// end has the cluster be what it is now.
func (r *Reset) end(ctx context.Context) error {
	return unbroken(ctx, func(ctx context.Context) error { return r.failed(r.forget(ctx)) })
}

// forget has the metadata name no snapshot, and then removes what was kept.
func (r *Reset) forget(ctx context.Context) error {
	if err := r.cluster().SetReset(ctx, ""); err != nil {
		return err
	}
	err := r.each(ctx, func(ctx context.Context, node *provider.Node, _ Node) error { return r.helperOf(node).DropKept(ctx) })
	r.begun = err != nil
	return err
}

func (r *Reset) helperOf(node *provider.Node) *provider.Helper {
	return r.helpers[slices.Index(r.nodes, node)]
}

// each does something with all nodes at once.
func (r *Reset) each(ctx context.Context, do func(context.Context, *provider.Node, Node) error) error {
	group, bounded := errgroup.WithContext(ctx)
	for _, node := range r.nodes {
		at := slices.IndexFunc(r.manifest.Nodes, func(saved Node) bool { return saved.Name == node.Name })
		group.Go(func() error { return do(bounded, node, r.manifest.Nodes[at]) })
	}
	return r.failed(group.Wait())
}

// failed says what a failure leaves; nil is none.
func (r *Reset) failed(err error) error {
	if err == nil {
		return nil
	}
	if r.fresh {
		return hint.RestoreFailed.Wrap(err, fmt.Sprintf("snapshot %s could not be restored", r.To), "see whether there is space: docker system df")
	}
	message := fmt.Sprintf("cluster %s could not be reset", r.Start.Name)
	if !r.begun {
		message += ", and is as it was"
	}
	return hint.ResetFailed.Wrap(err, message, fmt.Sprintf("repeat it: kindctl reset -n %s --to %s", r.Start.Name, r.To))
}
