package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/kindctl/kindctl/clusters"
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
	close    func()
}

// openSnapshot finds what UpOptions.From names, and checks that a cluster of a name can be
// made from it; "" is any name if it is a file.
func openSnapshot(ctx context.Context, from, name string) (r restoration, err error) {
	r.close = func() {}
	if isFile(from) {
		r.store, r.manifest, r.close, err = unpackFile(ctx, from)
	} else if r.store, err = snapshot.OpenStore(); err == nil {
		r.manifest, err = r.store.Read(cmp.Or(name, DefaultName), from)
		if _, missing := os.Stat(from); missing == nil && hint.ReasonOf(err) == hint.SnapshotMissing.Name {
			err = hint.SnapshotMissing.New(err.Error(), "if the file is meant: --from ./"+from)
		}
	}
	if err == nil {
		r.topology, err = topologyOf(r.manifest, name)
	}
	if err != nil {
		r.close()
	}
	return r, err
}

// isFile distinguishes the path of a file from the name of a snapshot.
func isFile(from string) bool {
	return strings.ContainsRune(from, os.PathSeparator) || strings.ContainsRune(from, '/')
}

// reach is what a cluster has of this machine: what a file from others could ask for.
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

// unpackFile imports a file into a store that goes with close.
func unpackFile(ctx context.Context, path string) (store snapshot.Store, m Snapshot, remove func(), err error) {
	remove = func() {}
	in, err := os.Open(path)
	if err != nil {
		return store, m, remove, hint.SnapshotFile.Wrap(err, "the file cannot be read", "check its name and permissions")
	}
	defer in.Close()
	file, err := snapshot.OpenFile(ctx, in)
	if err != nil {
		return store, m, remove, err
	}
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
	config.From = snapshot.NewRestore(r.manifest, snapshot.ResetConfig{Store: r.store, To: r.manifest.Name,
		Start: c.startConfig(docker, docker.Cluster(r.manifest.Cluster), config.WaitTimeout, quickChecks)})
	return nil
}
