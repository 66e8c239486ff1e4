package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/hint"
)

// metadataFile is in the containers of clusters that kindctl made. kind has no
// place for labels of others.
const metadataFile = "/kind/kindctl"

// metadataVersion is the format of the metadata.
const metadataVersion = "kindctl.dev/v1alpha1"

// Metadata is what the containers of a cluster know of its origin, as JSON in a
// file. It is there before Kubernetes is, and can be read of containers that do
// not run. That of an older kindctl is empty, or has no APIVersion.
type Metadata struct {
	// APIVersion is the format. Those who write metadata need not set it.
	APIVersion string `json:"apiVersion"`
	// Version is that of the kindctl which made the cluster.
	Version string `json:"version"`
	// Run is the ID of the run that made it, unlike all others.
	Run string `json:"run"`
	// Owner is who made it: user@host.
	Owner string `json:"owner"`
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Created is when the run began to make the containers.
	Created time.Time `json:"created"`
	// Expires is when "kindctl gc" may remove the cluster; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
	// Nodes are the names of all its containers.
	Nodes []string `json:"nodes"`
	// Network is the Docker network that they are on.
	Network string `json:"network"`
	// Kubeconfigs are the files on the owner's host that got, or were to get, the
	// cluster's context.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`
	// Reset is the snapshot to which a reset that has not ended brings the cluster back.
	Reset string `json:"reset,omitempty"`
	// Pool is the mark of the pool that the cluster is in, and Frozen is since when it can be
	// taken from there; "" is no pool, and the zero time a cluster that is still being made.
	Pool   string    `json:"pool,omitempty"`
	Frozen time.Time `json:"frozen,omitzero"`
	// FrozenMemory is what the nodes kept of memory then, in bytes; 0 is unknown.
	FrozenMemory int64 `json:"frozenMemory,omitempty"`
}

// Left is how long the cluster is still wanted, negative once it has expired,
// and false when it never expires.
func (m Metadata) Left(now time.Time) (time.Duration, bool) {
	return m.Expires.Sub(now), !m.Expires.IsZero()
}

// Metadata returns the metadata of a cluster: see Inventory.Metadata.
func (c Cluster) Metadata(ctx context.Context) (Metadata, bool, error) {
	found, err := c.Glance(ctx)
	if err != nil {
		return Metadata{}, false, err
	}
	return found.Metadata()
}

// readMetadata returns nil where there is none.
func (n *Node) readMetadata(ctx context.Context) (*Metadata, error) {
	data, err := n.ReadFile(ctx, metadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var metadata Metadata
	if err := json.Unmarshal(data, &metadata); err != nil { // empty, of a newer kindctl, or of no kindctl
		return &Metadata{APIVersion: metadata.APIVersion, Version: metadata.Version}, nil
	}
	return &metadata, nil
}

// EnsureWhole returns an error with advice when a reset of the cluster has not ended.
func (m Metadata) EnsureWhole(cluster string) error {
	if m.Reset == "" {
		return nil
	}
	return hint.ResetUnfinished.New(fmt.Sprintf("a reset of cluster %s to snapshot %s was interrupted", cluster, m.Reset),
		fmt.Sprintf("repeat it: kindctl reset -n %s --to %s", cluster, m.Reset))
}

// EnsureTaken returns an error with advice when the cluster is frozen in the pool.
func (m Metadata) EnsureTaken(cluster string) error {
	if m.Frozen.IsZero() {
		return nil
	}
	return hint.ClusterPooled.New(fmt.Sprintf("cluster %s is frozen in the pool", cluster),
		"take a cluster from there: kindctl up --pool; or remove this one: kindctl down -n "+cluster)
}

// check returns an error with advice for a format that this kindctl does not read.
func (m Metadata) check(cluster string) error {
	if m.APIVersion == "" || m.APIVersion == metadataVersion {
		return nil
	}
	advice := "use a newer kindctl"
	if m.Version != "" {
		advice += "; the cluster was created with " + m.Version
	}
	return hint.ClusterNewer.New(fmt.Sprintf("the containers of cluster %s have metadata in the format %s; this kindctl reads %s",
		cluster, m.APIVersion, metadataVersion), advice)
}

// RefreshMetadata has the metadata in all containers of a cluster name the containers
// that it has now. One that has none gets it, if any other has.
func (c Cluster) RefreshMetadata(ctx context.Context) error {
	return c.changeMetadata(ctx, func(*Metadata) {})
}

// AddKubeconfigs has the metadata of a cluster name further files that have its context.
func (c Cluster) AddKubeconfigs(ctx context.Context, files ...string) error {
	return c.changeMetadata(ctx, func(m *Metadata) {
		for _, file := range files {
			if !slices.Contains(m.Kubeconfigs, file) {
				m.Kubeconfigs = append(m.Kubeconfigs, file)
			}
		}
	})
}

// SetReset has the metadata of a cluster name the snapshot that a reset brings it back to,
// or with "" none.
func (c Cluster) SetReset(ctx context.Context, snapshot string) error {
	return c.changeMetadata(ctx, func(m *Metadata) { m.Reset = snapshot })
}

// SetFrozen has the metadata of a cluster of the pool say since when it can be taken, and how
// much memory it keeps, in bytes.
func (c Cluster) SetFrozen(ctx context.Context, since time.Time, memory int64) error {
	return c.changeMetadata(ctx, func(m *Metadata) { m.Frozen, m.FrozenMemory = since, memory })
}

// LeavePool has the metadata of a cluster, of which this is what Docker has, name no pool any
// more, but when the cluster expires, which may be never, and the file that gets its context.
func (i Inventory) LeavePool(ctx context.Context, expires time.Time, kubeconfig string) error {
	return i.changeMetadata(ctx, func(m *Metadata) {
		m.Pool, m.Frozen, m.FrozenMemory, m.Expires, m.Kubeconfigs = "", time.Time{}, 0, expires, []string{kubeconfig}
	})
}

func (c Cluster) changeMetadata(ctx context.Context, change func(*Metadata)) error {
	found, err := c.Glance(ctx)
	if err != nil {
		return err
	}
	return found.changeMetadata(ctx, change)
}

func (i Inventory) changeMetadata(ctx context.Context, change func(*Metadata)) error {
	metadata, has, err := i.Metadata()
	if !has || err != nil {
		return err
	}
	metadata.Nodes = nil
	for _, n := range i.Nodes {
		metadata.Nodes = append(metadata.Nodes, n.Name)
	}
	change(&metadata)
	archive, err := metadata.archive()
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, n := range i.Nodes {
		group.Go(func() error {
			if err := n.unpack(ctx, archive); err != nil {
				return fmt.Errorf("mark node %s: %w", n.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// archive is the metadata as Docker takes files. The load balancer has no directory for
// it.
func (m Metadata) archive() ([]byte, error) {
	m.APIVersion = metadataVersion
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return archiveFiles(m.Created, File{Path: metadataFile, Mode: 0o644, Content: data})
}

// MetadataWriter writes metadata into the containers of a cluster as Docker makes them,
// so that a process that is killed half way leaves no container without an owner.
type MetadataWriter struct {
	cluster Cluster
	archive []byte
	stop    context.CancelFunc
	watch   sync.WaitGroup

	mu      sync.Mutex
	written map[string]bool // by ID
}

// WriteMetadata begins to write metadata into the containers of a cluster. Finish must be
// called once they are made; it ends with ctx too.
func (c Cluster) WriteMetadata(ctx context.Context, metadata Metadata) (*MetadataWriter, error) {
	archive, err := metadata.archive()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	w := &MetadataWriter{cluster: c, archive: archive, stop: stop, written: map[string]bool{}}
	watched := c.docker.api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.
		Add("type", string(events.ContainerEventType)).
		// A container that cannot be written to yet can be when it starts.
		Add("event", string(events.ActionCreate), string(events.ActionStart)).
		Add("label", clusterLabel+"="+c.Name)})
	w.watch.Go(func() { _ = w.listen(ctx, watched) }) // Finish makes good what was missed
	return w, nil
}

// listen writes until the stream of events ends, at the latest with ctx.
func (w *MetadataWriter) listen(ctx context.Context, watched client.EventsResult) error {
	for {
		select {
		case event := <-watched.Messages:
			_ = w.write(ctx, event.Actor.ID) // Finish tries again
		case err := <-watched.Err:
			return err
		}
	}
}

// Finish ends the watch and writes what it has missed.
func (w *MetadataWriter) Finish(ctx context.Context) error {
	w.Stop()
	nodes, err := w.cluster.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := w.write(ctx, n.id); err != nil {
			return fmt.Errorf("mark node %s: %w", n.Name, err)
		}
	}
	return nil
}

// Stop ends the watch.
func (w *MetadataWriter) Stop() {
	w.stop()
	w.watch.Wait()
}

func (w *MetadataWriter) write(ctx context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.written[id] {
		return nil
	}
	options := client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(w.archive)}
	_, err := w.cluster.docker.api.CopyToContainer(ctx, id, options)
	w.written[id] = err == nil
	return err
}
