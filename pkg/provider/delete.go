package provider

import (
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Delete removes a cluster's containers with their volumes. No kubeconfig is touched.
func (c Cluster) Delete(ctx context.Context) error {
	_, err := c.remove(ctx)
	return err
}

// How many lists in a row must be empty before DeleteComing believes it. Docker
// finishes a container even when the command that asked for it was killed, and
// shows it only when the image's volumes are copied: as long as containers have
// never been seen, they may still come.
const (
	fewLists  = 3
	manyLists = 16
)

// DeleteComing removes the containers of a cluster that a killed process was making, a
// number of them, and lists them again until none comes any more. It returns their names.
func (c Cluster) DeleteComing(ctx context.Context, coming int) ([]string, error) {
	ticker := time.NewTicker(c.docker.interval)
	defer ticker.Stop()
	seen := map[string]bool{}
	for empty := 0; empty < fewLists || empty < manyLists && len(seen) < coming; empty++ {
		removed, err := c.remove(ctx)
		if err != nil {
			return nil, err
		}
		for _, container := range removed {
			seen[container], empty = true, -1
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// remove removes the containers that are there now, all at once, and returns their names.
func (c Cluster) remove(ctx context.Context) (removed []string, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	for _, n := range nodes {
		removed = append(removed, n.Name)
		group.Go(func() error { return n.Remove(ctx) })
	}
	return removed, group.Wait()
}
