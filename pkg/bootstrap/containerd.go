package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ReadContainerd reads in the containers of a cluster of this host what their containerd
// is configured with, for the cluster's Target.
func ReadContainerd(cluster provider.Cluster) verify.ReadContainerd {
	return func(ctx context.Context, node string, files []string) (verify.Containerd, error) {
		found, err := cluster.Node(node).Containerd(ctx, files)
		return verify.Containerd(found), err
	}
}
