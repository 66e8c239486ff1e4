package forge

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
)

// Export hands the images of spec's CNI, by the names that its pods use, to
// write, one after the other: to push them to a registry, for example. They
// are made of components that Build left in the cache. An image is valid until
// write returns.
func Export(ctx context.Context, spec Spec, options Options, write func(ref string, image v1.Image) error) error {
	if err := spec.validate(); err != nil {
		return err
	}
	release, err := releaseOf(spec.Kubernetes)
	if err != nil {
		return err
	}
	cache, err := openCache(options.CacheDir)
	if err != nil {
		return err
	}
	dir, remove, err := scratch.Dir("export")
	if err != nil {
		return err
	}
	defer remove()
	needs := map[string]string{}
	for name, key := range recipe(release).keys() {
		needs[name] = cache.path(name, key)
	}
	w := &work{dir: dir, needs: needs, span: event.Start(event.Discard, event.Event{}), sink: event.Discard}
	for number, image := range cniImages(spec.CNI) {
		composed, err := image.compose(ctx, w, number)
		if err != nil {
			return err
		}
		if err := write(image.ref, composed); err != nil {
			return err
		}
	}
	return nil
}
