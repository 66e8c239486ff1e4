package images

import (
	"context"
	"slices"

	"github.com/moby/moby/client"
)

// Names lists the names of all images that Docker has, sorted.
func (e *Engine) Names(ctx context.Context) (names []string, err error) {
	list, err := e.client.ImageList(ctx, client.ImageListOptions{})
	for _, image := range list.Items {
		names = append(names, image.RepoTags...)
	}
	slices.Sort(names)
	return names, err
}
