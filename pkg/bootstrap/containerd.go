package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ReadContainerd reads in a node's container what its containerd is configured with,
// for the Target of a cluster of this host.
func ReadContainerd(ctx context.Context, node string, files []string) (verify.Containerd, error) {
	found, err := provider.ReadContainerd(ctx, node, files)
	return verify.Containerd(found), err
}
