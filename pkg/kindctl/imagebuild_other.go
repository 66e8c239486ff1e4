//go:build !linux

package kindctl

import "context"

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
