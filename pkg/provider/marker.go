package provider

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

// markerFile is in the containers of clusters that kindctl made. kind has no
// place for labels of others.
const markerFile = "/kind/kindctl"

// Marker is what the containers of a cluster know of its origin, as JSON in a
// file. It is there before Kubernetes is, and can be read of containers that do
// not run. An empty Marker is that of an older kindctl.
type Marker struct {
	// Version is that of the kindctl which made the cluster.
	Version string `json:"version"`
	// Run is the ID of the run that made it, unlike all others.
	Run string `json:"run"`
	// Owner is who made it: user@host.
	Owner string `json:"owner"`
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Created is when the run began to make the containers.
	Created time.Time `json:"created"`
	// Expires is when "kindctl gc" may remove the cluster; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
	// Nodes are the names of all its containers.
	Nodes []string `json:"nodes"`
	// Network is the Docker network that they are on.
	Network string `json:"network"`
	// Kubeconfigs are the files on the owner's host that got, or were to get, the
	// cluster's context.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`
}

// Left is how long the cluster is still wanted, negative once it has expired,
// and false when it never expires.
func (m Marker) Left(now time.Time) (time.Duration, bool) {
	return m.Expires.Sub(now), !m.Expires.IsZero()
}

// Marker returns the marker of a cluster, from the first of its containers that
// has one, and false when none has: then somebody else made it with kind, or
// nobody came as far as to mark it.
func (d *Docker) Marker(ctx context.Context, cluster string) (Marker, bool, error) {
	found, err := d.Inventory(ctx, cluster)
	marker, marked := found.Marker()
	return marker, marked, err
}

func (d *Docker) markerOf(ctx context.Context, container string) (Marker, bool, error) {
	data, err := d.ReadFile(ctx, container, markerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Marker{}, false, nil
	}
	if err != nil {
		return Marker{}, false, err
	}
	var marker Marker
	if err := json.Unmarshal(data, &marker); err != nil {
		return Marker{}, true, nil // empty, or nothing that kindctl wrote
	}
	return marker, true, nil
}
