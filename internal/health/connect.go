package health

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Connect opens a cluster's API through the address that the user's kubeconfig has.
func Connect(ctx context.Context, cluster provider.Cluster) (*kube.Client, error) {
	kubeconfig, err := cluster.Kubeconfig(ctx, false)
	if err != nil {
		return nil, hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s has no kubeconfig; it may never have been finished", cluster.Name),
			"recreate it: kindctl down -n "+cluster.Name)
	}
	return kube.FromKubeconfigData([]byte(kubeconfig))
}
