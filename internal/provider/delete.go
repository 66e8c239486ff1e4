package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Delete removes a cluster's containers with their volumes. No kubeconfig is touched.
func (c Cluster) Delete(ctx context.Context) error {
	_, err := c.remove(ctx)
	return err
}

// How many lists in a row must be empty before DeletePending believes it. Docker
// finishes a container even when the command that asked for it was killed, and
// shows it only when the image's volumes are copied: as long as containers have
// never been seen, they may still come.
const (
	fewLists  = 3
	manyLists = 16
)

// DeletePending removes the containers of a cluster that a killed process was making, a
// number of them, and lists them again until none comes any more. It returns their names.
func (c Cluster) DeletePending(ctx context.Context, coming int) ([]string, error) {
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

// anonymous is the name that Docker gives a volume which it makes for a container.
// One with another name is its user's.
var anonymous = regexp.MustCompile(`^[0-9a-f]{64}$`)

const (
	// volumeTimeout is how long volumes may still be in use after their containers
	// are gone: mounts inside end with the last process of a node's pods.
	volumeTimeout = 15 * time.Second
	volumeRetry   = 500 * time.Millisecond
)

// RemoveVolumes removes what is left of these volumes. Docker says nothing when it
// removes a container and cannot remove its volumes. The error, VOLUMES_LEFT, names
// those that stay.
func (d *Docker) RemoveVolumes(ctx context.Context, names []string) error {
	return d.removeVolumes(ctx, names, volumeTimeout)
}

func (d *Docker) removeVolumes(ctx context.Context, names []string, patience time.Duration) error {
	for begin := time.Now(); ; {
		left, err := d.remainingVolumes(ctx, names)
		if err != nil || len(left) == 0 {
			return err
		}
		var problems []string
		for _, name := range left {
			if _, err := d.api.VolumeRemove(ctx, name, client.VolumeRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
				problems = append(problems, fmt.Sprintf("%s (%v)", name, err))
			}
		}
		if len(problems) == 0 {
			return nil
		}
		if time.Since(begin) >= patience {
			return hint.VolumesLeft.New("volumes of the cluster could not be removed: "+strings.Join(problems, ", "),
				"see which process has a mount inside: grep -l "+left[0]+" /proc/[0-9]*/mountinfo; end it, "+
					"then: docker volume rm "+strings.Join(left, " "))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(volumeRetry):
		}
	}
}

// remainingVolumes are those that are there.
func (d *Docker) remainingVolumes(ctx context.Context, names []string) (left []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	listed, err := d.api.VolumeList(ctx, client.VolumeListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	for _, volume := range listed.Items {
		if slices.Contains(names, volume.Name) {
			left = append(left, volume.Name)
		}
	}
	return left, nil
}
