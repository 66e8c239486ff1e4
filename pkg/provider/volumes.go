package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// anonymous is the name that Docker gives a volume which it makes for a container.
// One with another name is its user's.
var anonymous = regexp.MustCompile(`^[0-9a-f]{64}$`)

const (
	// volumePatience is how long volumes may still be in use after their containers
	// are gone: mounts inside end with the last process of a node's pods.
	volumePatience = 15 * time.Second
	volumeRetry    = 500 * time.Millisecond
)

// DropVolumes removes what is left of these volumes. Docker says nothing when it
// removes a container and cannot remove its volumes. The error, VOLUMES_LEFT, names
// those that stay.
func (d *Docker) DropVolumes(ctx context.Context, names []string) error {
	return d.dropVolumes(ctx, names, volumePatience)
}

func (d *Docker) dropVolumes(ctx context.Context, names []string, patience time.Duration) error {
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
				"see which process has a mount inside: grep -l "+left[0]+" /proc/[0-9]*/mountinfo; end it, then: docker volume rm "+strings.Join(left, " "))
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
