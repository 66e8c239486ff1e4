package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ContainerStates returns how Docker calls the state of each node's container, by the
// node's name, for the cluster's Target.
func ContainerStates(cluster provider.Cluster) func(context.Context) (map[string]string, error) {
	return func(ctx context.Context) (map[string]string, error) {
		nodes, err := cluster.KubernetesNodes(ctx)
		states := make(map[string]string, len(nodes))
		for _, node := range nodes {
			states[node.Name] = node.State
		}
		return states, err
	}
}

// ReadContainerd reads in the containers of a cluster of this host what their containerd
// is configured with, for the cluster's Target.
func ReadContainerd(cluster provider.Cluster) verify.ReadContainerd {
	return func(ctx context.Context, node string, files []string) (verify.Containerd, error) {
		found, err := cluster.Node(node).Containerd(ctx, files)
		return verify.Containerd(found), err
	}
}
