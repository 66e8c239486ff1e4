package provider

import (
	"context"
	"slices"
	"time"

	"github.com/moby/moby/client"
)

// Inventory is what Docker has of one cluster.
type Inventory struct {
	Cluster    string
	Containers []Container
	// Companions are the names of containers that are no part of the cluster and go
	// with it.
	Companions []string
}

// Container is one of a cluster's, running or not.
type Container struct {
	Name string
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role string
	// State is Docker's word: created, running, paused, exited.
	State string
	// Created is when Docker was asked to make it, by Docker's clock.
	Created time.Time
	// Volumes are those that were made with it.
	Volumes []string
	// Network is the one that it was put on.
	Network string
	// APIPort is the port of the host that leads to its API server, or "".
	APIPort string
	// Marked says that kindctl made it, and Marker what is known of that.
	Marked bool
	Marker Marker
}

// Running tells whether the container runs.
func (c Container) Running() bool { return c.State == "running" }

// Empty tells whether Docker has nothing of the cluster.
func (i Inventory) Empty() bool { return len(i.Containers)+len(i.Companions) == 0 }

// Inventory returns what Docker has of a cluster; no containers are no cluster.
func (d *Docker) Inventory(ctx context.Context, cluster string) (Inventory, error) {
	members, err := d.members(ctx, cluster)
	if err != nil {
		return Inventory{}, err
	}
	return d.inventory(ctx, cluster, members)
}

// Inventories returns what Docker has of every cluster that kind or kindctl
// made, sorted by name.
func (d *Docker) Inventories(ctx context.Context) (found []Inventory, err error) {
	members, err := d.labeled(ctx, clusterLabel)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range members {
		names = append(names, m.cluster)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		one, err := d.inventory(ctx, name, slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return m.cluster != name }))
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

func (d *Docker) inventory(ctx context.Context, cluster string, members []*member) (Inventory, error) {
	found := Inventory{Cluster: cluster}
	companions, err := d.labeled(ctx, companionLabel+"="+cluster)
	if err != nil {
		return Inventory{}, err
	}
	for _, m := range companions {
		found.Companions = append(found.Companions, m.name)
	}
	for _, m := range members {
		marker, marked, err := d.markerOf(ctx, m.id)
		if err != nil {
			return Inventory{}, err
		}
		found.Containers = append(found.Containers, Container{
			Name: m.name, Role: m.role, State: string(m.state), Created: m.created, Volumes: m.volumes,
			Network: m.network, APIPort: m.port, Marked: marked, Marker: marker,
		})
	}
	return found, nil
}

// Marker returns the cluster's marker: see Docker.Marker.
func (i Inventory) Marker() (Marker, bool) {
	at := slices.IndexFunc(i.Containers, func(c Container) bool { return c.Marked })
	if at < 0 {
		return Marker{}, false
	}
	return i.Containers[at].Marker, true
}

// Identity returns the ID of this Docker, and the time by its clock.
func (d *Docker) Identity(ctx context.Context) (id string, now time.Time, err error) {
	result, err := d.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return "", time.Time{}, err
	}
	if now, err = time.Parse(time.RFC3339Nano, result.Info.SystemTime); err != nil {
		now = time.Now() // it does not say
	}
	return result.Info.ID, now, nil
}
