//go:build !linux

package kindctl

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
)

// builder stands where the forge is on Linux, and makes nothing.
type builder struct {
	cni, kubernetes string
	sink            event.Sink
}

func (builder) NodeImage() (string, error) { return "", nil }

func (builder) Build(context.Context) (string, error) { return "", ErrNotLinux }

func (builder) LoadBalancer() string { return "" }

func (builder) BuildLoadBalancer(context.Context) (string, error) { return "", ErrNotLinux }

// BuildImages returns ErrNotLinux.
func (c *Client) BuildImages(context.Context, ImageOptions) ([]string, error) {
	return nil, ErrNotLinux
}

// ImageComponents returns ErrNotLinux.
func (c *Client) ImageComponents(ImageOptions) ([]ImageComponent, error) { return nil, ErrNotLinux }

// PruneImages returns ErrNotLinux.
func (c *Client) PruneImages(context.Context, ImageOptions) (PrunedImages, error) {
	return PrunedImages{}, ErrNotLinux
}

// ImageCNIs are those for which node images can be built: none.
func ImageCNIs() []string { return nil }
