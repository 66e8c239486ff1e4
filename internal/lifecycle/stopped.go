package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// QuorumLost returns an error with advice when so few members of a cluster's etcd run
// that no API server can answer, and nil when that is not known.
func QuorumLost(ctx context.Context, docker *provider.Docker, name string) error {
	found, err := docker.Inventory(ctx, name)
	if err != nil {
		return nil
	}
	return quorumLost(found)
}

func quorumLost(found provider.Inventory) error {
	members := map[string][]*provider.Node{}
	for _, node := range found.Nodes {
		members[node.Role] = append(members[node.Role], node)
	}
	all := members[clusters.EtcdMember]
	if len(all) == 0 {
		all = members[clusters.ControlPlane]
	}
	var lost []string
	for _, member := range all {
		if !member.Running() {
			lost = append(lost, member.Name)
		}
	}
	running, quorum := len(all)-len(lost), len(all)/2+1
	if len(all) == 0 || running >= quorum {
		return nil
	}
	return hint.QuorumLost.New(fmt.Sprintf("etcd of cluster %s has lost its quorum, so no API server answers: %d of %d members run, and a quorum is %d; these do not: %s", found.Cluster, running, len(all), quorum, strings.Join(lost, ", ")),
		"start them: kindctl start -n "+found.Cluster)
}

// EnsureRunning returns an error with advice unless all nodes of a cluster run, but for
// those of these names.
func EnsureRunning(ctx context.Context, cluster provider.Cluster, except ...string) error {
	stopped, err := cluster.Stopped(ctx)
	if err != nil {
		return err
	}
	stopped = slices.DeleteFunc(stopped, func(name string) bool { return slices.Contains(except, name) })
	if len(stopped) == 0 {
		return nil
	}
	if metadata, _, err := cluster.Metadata(ctx); err == nil {
		if err := metadata.EnsureTaken(cluster.Name); err != nil {
			return err
		}
	}
	return hint.ClusterStopped.New(fmt.Sprintf("nodes of cluster %s are stopped: %s", cluster.Name, strings.Join(stopped, ", ")),
		"start it: kindctl start -n "+cluster.Name)
}
