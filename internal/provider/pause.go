package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Pause pauses nodes at the same time: they keep their memory and get no processor.
func Pause(ctx context.Context, nodes []*Node) error {
	var group errgroup.Group
	for _, n := range nodes {
		group.Go(func() error {
			if _, err := n.docker.api.ContainerPause(ctx, n.Name, client.ContainerPauseOptions{}); err != nil {
				return fmt.Errorf("pause %s: %w", n.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Paused calls do while these nodes are paused, and resumes them whatever happens.
func Paused(ctx context.Context, nodes []*Node, do func() error) error {
	err := Pause(ctx, nodes)
	if err == nil {
		err = do()
	}
	if failure := Unpause(context.WithoutCancel(ctx), nodes); failure != nil {
		cluster := nodes[0].cluster
		failure = hint.SnapshotFailed.Wrap(failure, fmt.Sprintf("nodes of cluster %s are still paused", cluster),
			"resume them: kindctl start -n "+cluster)
		return errors.Join(failure, err)
	}
	return err
}

// Unpause resumes nodes. One that is not paused is no error.
func Unpause(ctx context.Context, nodes []*Node) error {
	var group errgroup.Group
	for _, n := range nodes {
		group.Go(func() error {
			inspected, err := n.inspect(ctx)
			if errdefs.IsNotFound(err) || err == nil && (inspected.State == nil || !inspected.State.Paused) {
				return nil
			}
			if err != nil {
				return err
			}
			return n.unpause(ctx)
		})
	}
	return group.Wait()
}
