package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// checkHostMounts refuses a model that keeps state in a folder of the host: the new nodes
// would have the same folder.
func (a *Add) checkHostMounts(ctx context.Context) error {
	mounts, err := a.like.Mounts(ctx)
	if err != nil {
		return err
	}
	shown := make([]clusters.Mount, len(mounts))
	for i, m := range mounts {
		shown[i] = clusters.Mount{HostPath: m.HostPath, ContainerPath: m.Path}
	}
	var shared []string
	for _, dir := range clusters.StateDirs(a.role, shown) {
		shared = append(shared, fmt.Sprintf("the state of %s in %s", dir.Owner, dir.HostPath))
	}
	if len(shared) == 0 {
		return nil
	}
	return hint.StateShared.New(fmt.Sprintf("a node like %s would share its host directories: %s", a.like.Name,
		strings.Join(shared, ", ")),
		"give each node a directory of its own in the configuration, and recreate the cluster: kindctl down -n "+a.Name+"; kindctl up --config FILE")
}

// copyConfiguration gives the new nodes the files that all nodes have in common and that are not
// part of the node image, before any image is loaded or pulled.
func (a *Add) copyConfiguration(ctx context.Context, _ *event.Span) (string, error) {
	var group errgroup.Group
	copied := make([]int, len(a.joiners))
	for i, joiner := range a.joiners {
		group.Go(func() error {
			changed, err := a.like.CopyConfiguration(ctx, joiner)
			if err != nil || len(changed) == 0 {
				return err
			}
			copied[i] = len(changed)
			return joiner.RestartContainerd(ctx)
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", hint.NodeFilesFailed.Wrap(err, "the configuration of "+a.like.Name+" could not be given to the new nodes",
			"run again with --retain and look: docker exec "+a.Nodes[0]+" journalctl -u containerd -n 50")
	}
	if most := slices.Max(copied); most > 0 {
		return fmt.Sprintf("%d files from %s", most, a.like.Name), nil
	}
	return "they are the same as on " + a.like.Name, nil
}

// copyImages copies the images that the other nodes have and the node image does not. One
// that cannot be copied is no reason to give up: the node pulls it when a pod needs it.
func (a *Add) copyImages(ctx context.Context, _ *event.Span) (string, error) {
	var group errgroup.Group
	brought, left := make([]int, len(a.joiners)), make([][]string, len(a.joiners))
	for i, joiner := range a.joiners {
		group.Go(func() (err error) {
			brought[i], left[i], err = joiner.CopyImagesFrom(ctx, a.like)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", hint.LoadFailed.Wrap(err, "the images of "+a.like.Name+" could not be copied to the new nodes",
			"see whether Docker has enough disk space: docker system df")
	}
	skipped := slices.Compact(slices.Sorted(slices.Values(slices.Concat(left...))))
	if len(skipped) > 0 {
		event.Warn(a.Sink, event.Phase, "load", fmt.Sprintf("not copied, because containerd on %s keeps no layers of images that it pulled: %s; each new node pulls them when a pod needs them", a.like.Name, strings.Join(skipped, ", ")), "")
	}
	return fmt.Sprintf("%d images", slices.Max(brought)), nil
}
