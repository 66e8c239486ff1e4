package snapshot

import (
	"context"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Unused returns those of some snapshots to which no cluster can be reset: there is none of
// the name, or it is another one. What other engines have is not known, so theirs are left out.
func Unused(ctx context.Context, docker *provider.Docker, found []Manifest) (unused []Manifest, err error) {
	here, _, err := docker.Identity(ctx)
	if err != nil {
		return nil, err
	}
	fits := map[string]func(authority string) bool{}
	for _, m := range found {
		if m.Docker != "" && m.Docker != here {
			continue
		}
		if fits[m.Cluster] == nil {
			if fits[m.Cluster], err = fitting(ctx, docker.Cluster(m.Cluster)); err != nil {
				return nil, err
			}
		}
		if !fits[m.Cluster](m.Authority) {
			unused = append(unused, m)
		}
	}
	return unused, nil
}

// IsOf reports whether a snapshot was taken from a cluster that is there, and not in the middle
// of a reset. One that is older was restored as that cluster.
func (m Manifest) IsOf(ctx context.Context, cluster provider.Cluster) bool {
	metadata, _, err := cluster.Metadata(ctx)
	if err != nil || metadata.Reset != "" || m.Created.Before(metadata.Created) {
		return false
	}
	nodes, err := nodesOf(ctx, cluster)
	if err != nil {
		return false
	}
	own, err := authorityOf(ctx, cluster.Name, nodes)
	return err == nil && own == m.Authority
}

// fitting recognizes the authority of a cluster. One in the middle of a reset has several.
func fitting(ctx context.Context, cluster provider.Cluster) (func(authority string) bool, error) {
	metadata, _, err := cluster.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := nodesOf(ctx, cluster)
	if err != nil {
		return nil, err
	}
	own, err := authorityOf(ctx, cluster.Name, nodes)
	if err != nil && hint.ReasonOf(err) != hint.ClusterBroken.Name { // which is that of no cluster, too
		return nil, err
	}
	return func(authority string) bool { return metadata.Reset != "" || authority == own }, nil
}

// Surplus returns the snapshots that were taken before a time, without the newest of each
// cluster, of which keep stay. The list must be sorted by cluster and age.
func Surplus(found []Manifest, before time.Time, keep int) (surplus []Manifest) {
	newer := map[string]int{}
	for _, m := range found {
		newer[m.Cluster]++
	}
	for _, m := range found {
		newer[m.Cluster]--
		if newer[m.Cluster] >= keep && m.Created.Before(before) {
			surplus = append(surplus, m)
		}
	}
	return surplus
}
