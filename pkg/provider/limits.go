package provider

import (
	"context"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Limit bounds what the node may use: processors in billionths and memory in
// bytes, swap included; 0 leaves it as it is. Docker keeps the limits over a
// restart.
func (n *Node) Limit(ctx context.Context, nanoCPUs, memory int64) error {
	limits := container.Resources{NanoCPUs: nanoCPUs, Memory: memory, MemorySwap: memory}
	if _, err := n.docker.api.ContainerUpdate(ctx, n.Name, client.ContainerUpdateOptions{Resources: &limits}); err != nil {
		return fmt.Errorf("limit node %s: %w", n.Name, err)
	}
	return nil
}
