package kindctl

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/snapshot"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Snapshot describes what was saved of a cluster.
type Snapshot = snapshot.Manifest

// AfterUp is the name that the command up gives the snapshot of a new cluster. Reset takes it
// if none is named, and Down removes it with the cluster that it was taken from.
const AfterUp = snapshot.AfterUp

// SaveSnapshotOptions are those of SaveSnapshot.
type SaveSnapshotOptions struct {
	// Cluster is the name of a cluster in Docker; "" is DefaultName.
	Cluster string
	// Name is the snapshot's: lowercase letters, digits, "-" and ".".
	Name string
	// Replace has it take the place of a snapshot of that name.
	Replace bool
}

// SaveSnapshot saves a cluster that runs: what is in its API, the data of its pods, its images
// and its keys. The nodes are paused meanwhile, for a second or two. When it fails, there is
// no snapshot and the cluster keeps running.
func (c *Client) SaveSnapshot(ctx context.Context, o SaveSnapshotOptions) (Snapshot, error) {
	store, err := snapshot.OpenStore()
	if err != nil {
		return Snapshot{}, err
	}
	if err := snapshot.CheckName(o.Name); err != nil {
		return Snapshot{}, err
	}
	docker, cluster, err := c.existing(ctx, o.Cluster)
	if err != nil {
		return Snapshot{}, err
	}
	save := snapshot.NewSave(snapshot.SaveConfig{Store: store, Cluster: cluster.Name, Name: o.Name, Replace: o.Replace, Docker: docker,
		Version: c.options.Version, CNIs: addons.CNIs(), Sink: c.sink()})
	err = save.Run(ctx)
	return save.Manifest, err
}

// Snapshots returns the snapshots of a cluster, or with "" of all clusters, sorted by cluster
// and age. The error is about those that cannot be read.
func (c *Client) Snapshots(cluster string) ([]Snapshot, error) {
	store, err := snapshot.OpenStore()
	if err != nil {
		return nil, err
	}
	return store.List(cluster)
}

// Snapshot returns one snapshot of a cluster; "" is DefaultName.
func (c *Client) Snapshot(cluster, name string) (Snapshot, error) {
	store, err := snapshot.OpenStore()
	if err != nil {
		return Snapshot{}, err
	}
	return store.Read(cmp.Or(cluster, DefaultName), name)
}

// RemoveSnapshot removes a snapshot of a cluster, which need not exist any more; "" is
// DefaultName. One that an interrupted reset of the cluster needs is refused, if Docker can be
// asked.
func (c *Client) RemoveSnapshot(ctx context.Context, cluster, name string) error {
	cluster = cmp.Or(cluster, DefaultName)
	store, release, err := lockedStore(cluster, runs.Lock)
	if err != nil {
		return err
	}
	defer release()
	if err := c.ensureSpare(ctx, cluster, name); err != nil {
		return err
	}
	return store.Remove(cluster, name)
}

// lockedStore opens the store and takes a lock of a cluster, until release is called.
func lockedStore(cluster string, lock func(string) (func(), error)) (store snapshot.Store, release func(), err error) {
	if store, err = snapshot.OpenStore(); err == nil {
		err = snapshot.CheckCluster(cluster)
	}
	if err == nil {
		release, err = lock(cluster)
	}
	return store, release, err
}

// ensureSpare refuses a snapshot that an unfinished reset of its cluster needs, if Docker can be
// asked.
func (c *Client) ensureSpare(ctx context.Context, cluster, name string) error {
	docker, err := c.open(ctx)
	if err != nil {
		return nil
	}
	metadata, _, err := docker.Cluster(cluster).Metadata(ctx)
	if err == nil && metadata.Reset == name {
		return metadata.EnsureWhole(cluster)
	}
	return nil
}

// readSnapshot gives a snapshot to read, which others may read but not replace meanwhile.
func readSnapshot(cluster, name string, read func(snapshot.Store, Snapshot) error) error {
	cluster = cmp.Or(cluster, DefaultName)
	store, release, err := lockedStore(cluster, runs.RLock)
	if err != nil {
		return err
	}
	defer release()
	m, err := store.Read(cluster, name)
	if err != nil {
		return err
	}
	return read(store, m)
}

// ExportSnapshot writes a snapshot of a cluster, "" is DefaultName, as a file for
// ImportSnapshot. It holds private keys: a file that it goes to should have mode 0600. After
// an error, what was written is not whole.
func (c *Client) ExportSnapshot(ctx context.Context, cluster, name string, out io.Writer) error {
	return readSnapshot(cluster, name, func(store snapshot.Store, m Snapshot) error { return store.Export(ctx, m, out) })
}

// ImportSnapshotOptions are those of ImportSnapshot and PullSnapshot.
type ImportSnapshotOptions struct {
	// Name is another name for the snapshot; "" is the one that it has.
	Name string
	// Replace has it take the place of a snapshot of that name.
	Replace bool
}

// ImportSnapshot reads what ExportSnapshot has written. What is truncated, changed or no
// snapshot is refused, and leaves nothing.
func (c *Client) ImportSnapshot(ctx context.Context, in io.Reader, o ImportSnapshotOptions) (Snapshot, error) {
	store, err := snapshot.OpenStore()
	if err != nil {
		return Snapshot{}, err
	}
	file, err := snapshot.OpenFile(ctx, in)
	if err != nil {
		return Snapshot{}, err
	}
	return c.importInto(ctx, store, file, o)
}

// PushSnapshot writes a snapshot of a cluster, "" is DefaultName, to a registry, as an OCI
// artifact: registry.example/team/lab:seeded. Who can read it there has the cluster's keys.
func (c *Client) PushSnapshot(ctx context.Context, cluster, name, ref string) error {
	return readSnapshot(cluster, name, func(store snapshot.Store, m Snapshot) error { return store.Push(ctx, m, ref) })
}

// PullSnapshot reads what PushSnapshot has written, as ImportSnapshot does from a file.
func (c *Client) PullSnapshot(ctx context.Context, ref string, o ImportSnapshotOptions) (Snapshot, error) {
	store, err := snapshot.OpenStore()
	if err != nil {
		return Snapshot{}, err
	}
	artifact, err := snapshot.OpenArtifact(ctx, ref)
	if err != nil {
		return Snapshot{}, err
	}
	return c.importInto(ctx, store, artifact, o)
}

// importInto refuses to replace a snapshot as RemoveSnapshot refuses to remove it.
func (c *Client) importInto(ctx context.Context, store snapshot.Store, file *snapshot.File, o ImportSnapshotOptions) (Snapshot, error) {
	release, err := runs.Lock(file.Manifest.Cluster)
	if err != nil {
		return Snapshot{}, err
	}
	defer release()
	if o.Replace {
		if err := c.ensureSpare(ctx, file.Manifest.Cluster, cmp.Or(o.Name, file.Manifest.Name)); err != nil {
			return Snapshot{}, err
		}
	}
	return store.Import(ctx, file, o.Name, o.Replace)
}

// PruneSnapshotsOptions say which snapshots PruneSnapshots removes: those to which all of it
// applies.
type PruneSnapshotsOptions struct {
	// Cluster has those of one cluster looked at; "" is all.
	Cluster string
	// Unused are those to which no cluster in this Docker can be reset. Those that are known to
	// be of another Docker stay.
	Unused bool
	// OlderThan is their least age; 0 is any.
	OlderThan time.Duration
	// Keep is how many of the newest of each cluster stay.
	Keep int
	// DryRun changes nothing.
	DryRun bool
}

// PruneSnapshots removes snapshots, and returns what was removed, or would be. One that an
// unfinished reset needs stays, with an error.
func (c *Client) PruneSnapshots(ctx context.Context, o PruneSnapshotsOptions) (removed []Snapshot, err error) {
	found, unreadable := c.Snapshots(o.Cluster)
	surplus := snapshot.Surplus(found, time.Now().Add(-o.OlderThan), o.Keep)
	if o.Unused {
		docker, err := c.open(ctx)
		if err != nil {
			return nil, err
		}
		if surplus, err = snapshot.Unused(ctx, docker, surplus); err != nil {
			return nil, err
		}
	}
	failures := []error{unreadable}
	for _, one := range surplus {
		if !o.DryRun {
			if err := c.RemoveSnapshot(ctx, one.Cluster, one.Name); err != nil {
				failures = append(failures, err)
				continue
			}
		}
		removed = append(removed, one)
	}
	return removed, errors.Join(failures...)
}

// ResetOptions are those of Reset.
type ResetOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// To is the name of the snapshot; "" is AfterUp.
	To string
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
}

// Reset brings a cluster back to a snapshot of itself, and verifies it without the slow checks.
// What was changed since is lost; ports, kubeconfigs and expiry stay as they are. A snapshot
// that is damaged or does not fit is refused before anything is touched. When the reset fails
// or the context ends, the cluster is as it was before; the report is that of the verification
// that failed. A reset whose process was killed can be repeated.
func (c *Client) Reset(ctx context.Context, o ResetOptions) (verify.Report, error) {
	report := verify.Report{Cluster: Context(cmp.Or(o.Name, DefaultName))}
	store, err := snapshot.OpenStore()
	if err != nil {
		return report, err
	}
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return report, err
	}
	config := snapshot.ResetConfig{Store: store, To: cmp.Or(o.To, AfterUp), Start: c.startConfig(docker, cluster, o.WaitTimeout, quickChecks)}
	start, err := snapshot.NewReset(config).Run(ctx)
	report = start.Report
	report.Cluster = provider.Context(cluster.Name)
	return report, err
}

// quickChecks are those of checksFor that are not slow.
func quickChecks(expect verify.Expectation) ([]verify.Check, error) {
	return verify.Select(Checks(expect.CNI), verify.Selection{Quick: true})
}
