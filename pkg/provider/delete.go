package provider

import (
	"context"
	"maps"
	"slices"
	"time"

	"sigs.k8s.io/kind/pkg/exec"
)

// Delete removes a cluster's containers with their volumes. No kubeconfig is touched.
func (d *Docker) Delete(ctx context.Context, name string) error {
	_, err := d.remove(ctx, name)
	return err
}

// How many looks in a row must find nothing before DeleteComing believes it. Docker
// finishes a container even when the command that asked for it was killed, and
// shows it only when the image's volumes are copied: as long as containers have
// never been seen, they may still come.
const (
	looks        = 3
	patientLooks = 16
)

// DeleteComing removes the containers of a cluster that a killed process was making, a
// number of them, and looks again until none comes any more. It returns their names.
func (d *Docker) DeleteComing(ctx context.Context, name string, coming int) ([]string, error) {
	ticker := time.NewTicker(d.interval)
	defer ticker.Stop()
	seen := map[string]bool{}
	for calm := 0; calm < looks || calm < patientLooks && len(seen) < coming; calm++ {
		removed, err := d.remove(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, container := range removed {
			seen[container], calm = true, -1
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// remove removes the containers that are there now, and returns their names. kind would
// take the cluster from a kubeconfig as well.
func (d *Docker) remove(ctx context.Context, name string) (removed []string, err error) {
	listed, err := silent().ListNodes(name)
	if err != nil || len(listed) == 0 {
		return nil, err
	}
	for _, node := range listed {
		removed = append(removed, node.String())
	}
	return removed, explain(exec.CommandContext(ctx, "docker", append([]string{"rm", "-f", "-v"}, removed...)...).Run())
}
