package bootstrap

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/provider"
)

// writeRegistryFiles writes what the configuration says of registries into every
// node, where containerd reads it before each pull.
func (u *Up) writeRegistryFiles(ctx context.Context) error {
	wanted := u.Topology.RegistryFiles()
	if len(wanted) == 0 {
		return nil
	}
	var files []provider.File
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		files = append(files, provider.File{Path: path, Mode: 0o644, Content: []byte(wanted[path])})
	}
	var group errgroup.Group
	for _, node := range u.Topology.Each() {
		group.Go(func() error { return u.cluster.Node(node.Name).WriteFiles(ctx, files...) })
	}
	return group.Wait()
}
