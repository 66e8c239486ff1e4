package provider

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// Spare tells whether a network is one that kindctl made, and whether nobody is on
// it but, at most, a cluster's containers and their companions: then it goes with the
// cluster.
func (d *Docker) Spare(ctx context.Context, network, cluster string) (made, spare bool, err error) {
	there, err := d.network(ctx, network)
	if err != nil || there == nil || there.Labels[NetworkLabel] == "" {
		return false, false, err
	}
	users, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("network", there.ID)})
	if err != nil {
		return true, false, fmt.Errorf("list the containers on network %s: %w", network, err)
	}
	for _, user := range users.Items {
		if own := ownContainer(); own != nil && user.ID == own.id {
			continue // Leave has it go
		}
		if user.Labels[clusterLabel] != cluster && user.Labels[companionLabel] != cluster {
			return true, false, nil
		}
	}
	return true, true, nil
}
