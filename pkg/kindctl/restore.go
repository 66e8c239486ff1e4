package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/internal/snapshot"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/hint"
)

// restoration is what Up restores a cluster from.
type restoration struct {
	store    snapshot.Store
	manifest Snapshot
	topology clusters.Topology
	// locked says that the cluster is locked until close.
	locked bool
	close  func()
}

// openSnapshot finds what UpOptions.From names, and checks that a cluster of a name can be
// made from it; "" is any name if it is not a snapshot of this user.
func openSnapshot(ctx context.Context, from, name string) (r restoration, err error) {
	r.close = func() {}
	switch whereIs(from) {
	case inStore:
		r, err = openStored(from, cmp.Or(name, DefaultName))
	case inFile:
		r.store, r.manifest, r.close, err = unpackFile(ctx, from)
	case inRegistry:
		r.store, r.manifest, r.close, err = unpackArtifact(ctx, from)
	}
	if err == nil {
		r.topology, err = topologyOf(r.manifest, name)
	}
	if err != nil {
		r.close()
	}
	return r, err
}

// whereabouts say where a snapshot is.
type whereabouts int

const (
	inStore whereabouts = iota
	inFile
	inRegistry
)

// whereIs distinguishes the name of a snapshot, which has no separator, from the path of a file
// and from a reference, which says its registry and a tag or digest. A path that has the form of
// a reference is one as long as there is such a file.
func whereIs(from string) whereabouts {
	if !strings.ContainsRune(from, os.PathSeparator) && !strings.ContainsRune(from, '/') {
		return inStore
	}
	if _, err := os.Stat(from); err != nil && snapshot.IsReference(from) {
		return inRegistry
	}
	return inFile
}

// openStored locks the cluster, so that the snapshot stays what it is until it is restored.
func openStored(name, cluster string) (r restoration, err error) {
	r.locked = true
	if r.store, r.close, err = lockedStore(cluster, runs.Lock); err != nil {
		r.close = func() {}
		return r, err
	}
	r.manifest, err = r.store.Read(cluster, name)
	if _, missing := os.Stat(name); missing == nil && hint.ReasonOf(err) == hint.SnapshotMissing.Name {
		err = hint.SnapshotMissing.New(err.Error(), "if the file is meant: --from ./"+name)
	}
	return r, err
}

// reach is what a cluster has of this machine: what a snapshot from others could ask for.
func reach(t clusters.Topology) (found []string) {
	for _, node := range t.Each() {
		for _, mount := range node.Mounts {
			found = append(found, fmt.Sprintf("the snapshot has %s mount %s of this machine at %s", node.Name, mount.HostPath, mount.ContainerPath))
		}
		for _, port := range node.Ports {
			found = append(found, fmt.Sprintf("the snapshot has %s publish port %d at %s", node.Name, port.ContainerPort, port.Address()))
		}
	}
	return found
}

// unpackFile imports a file into a store that goes with remove.
func unpackFile(ctx context.Context, path string) (store snapshot.Store, m Snapshot, remove func(), err error) {
	in, err := os.Open(path)
	if err != nil {
		return store, m, func() {}, hint.SnapshotFile.Wrap(err, "the file cannot be read",
			"check its name and permissions; a reference to a registry has a host and a tag, such as registry.example/team/lab:seeded")
	}
	defer in.Close()
	file, err := snapshot.OpenFile(ctx, in)
	if err != nil {
		return store, m, func() {}, err
	}
	return unpack(ctx, file)
}

// unpackArtifact is unpackFile for what is in a registry.
func unpackArtifact(ctx context.Context, ref string) (store snapshot.Store, m Snapshot, remove func(), err error) {
	artifact, err := snapshot.OpenArtifact(ctx, ref)
	if err != nil {
		return store, m, func() {}, err
	}
	return unpack(ctx, artifact)
}

// unpack imports what was opened, and so compares all of it with its digests.
func unpack(ctx context.Context, file *snapshot.File) (store snapshot.Store, m Snapshot, remove func(), err error) {
	if store.Dir, remove, err = scratch.Dir("snapshot"); err != nil {
		return store, m, func() {}, err
	}
	m, err = store.Import(ctx, file, "", false)
	return store, m, remove, err
}

// topologyOf is the configuration of a saved cluster. Its manifests have been applied.
func topologyOf(m Snapshot, name string) (clusters.Topology, error) {
	impossible := func(why, advice string) error {
		return hint.RestoreImpossible.New(fmt.Sprintf("no cluster can be made from snapshot %s of cluster %s: %s", m.Name, m.Cluster, why), advice)
	}
	switch {
	case name != "" && name != m.Cluster:
		return clusters.Topology{}, impossible("its nodes cannot have other names, and this one would be called "+name,
			"leave the name out, or use the same: -n "+m.Cluster)
	case len(m.Config) == 0 || len(m.Subnets) == 0 || len(m.Nodes) == 0:
		return clusters.Topology{}, impossible("it was taken by an older kindctl and lacks data needed for a restore", "reset the cluster to it, if it is there, and save it again")
	}
	topology, err := clusters.Decode(m.Config, "the configuration in the snapshot")
	topology.Name, topology.Manifests = m.Cluster, nil
	return topology, err
}

// restore has the recipe restore a snapshot in the place of making a new cluster.
func (c *Client) restore(ctx context.Context, config *bootstrap.Config, r restoration) error {
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	// The image that it was taken on may be one of another kindctl.
	if first := r.manifest.Nodes[0]; config.Image == "" {
		id, err := docker.ImageID(ctx, first.ImageName)
		if err != nil {
			return err
		}
		if id == first.Image {
			config.Image = first.ImageName
		}
	}
	config.Locked = r.locked
	config.From = snapshot.NewRestore(r.manifest, snapshot.ResetConfig{Store: r.store, To: r.manifest.Name,
		Start: c.startConfig(docker, docker.Cluster(r.manifest.Cluster), config.WaitTimeout, quickChecks)})
	return nil
}
