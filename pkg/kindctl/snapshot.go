package kindctl

import (
	"cmp"
	"context"
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
// if none is named, and Down removes it with the cluster.
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
	store, err := snapshot.OpenStore()
	if err != nil {
		return err
	}
	cluster = cmp.Or(cluster, DefaultName)
	if err := snapshot.CheckCluster(cluster); err != nil {
		return err
	}
	release, err := runs.Lock(cluster)
	if err != nil {
		return err
	}
	defer release()
	if docker, err := c.open(ctx); err == nil {
		if metadata, _, err := docker.Cluster(cluster).Metadata(ctx); err == nil && metadata.Reset == name {
			return metadata.EnsureWhole(cluster)
		}
	}
	return store.Remove(cluster, name)
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
