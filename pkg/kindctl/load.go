package kindctl

import (
	"context"

	"github.com/kindctl/kindctl/internal/imageload"
	"github.com/kindctl/kindctl/pkg/hint"
)

// LoadedImage is one image, and the nodes that got it or had it.
type LoadedImage = imageload.Result

// LoadOptions say what Load loads into which nodes. Images or Archives must be set.
type LoadOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Images are names of images in Docker.
	Images []string
	// Archives are files that "docker save" wrote, also compressed with gzip.
	Archives []string
	// Nodes are names of nodes, or roles: control-plane, worker. None means all.
	Nodes []string
}

// Load loads images into the nodes of a cluster, all at the same time. Nodes that have
// an image already are skipped.
func (c *Client) Load(ctx context.Context, o LoadOptions) ([]LoadedImage, error) {
	if len(o.Images)+len(o.Archives) == 0 {
		return nil, hint.NoImage.New("there is nothing to load", "name images or archives: kindctl load NAME:TAG")
	}
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	return imageload.Load(ctx, imageload.Config{Name: cluster.Name, Docker: docker, Images: o.Images, Archives: o.Archives, Nodes: o.Nodes,
		Sink: c.sink()})
}
