package images

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// parallelPulls bounds the pulls under way; more than a few compete for the
// same line and make each one later.
const parallelPulls = 4

// archives brings each image into the store, several at a time.
func (r *Resolver) archives(ctx context.Context, mode Mode, images []string) ([]Archive, error) {
	found := make([]Archive, len(images))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelPulls)
	for i, image := range images {
		group.Go(func() error {
			path, err := r.Store.Get(ctx, image, func(path string) error { return r.save(ctx, mode, image, path) })
			found[i] = Archive{Image: image, Path: path}
			return err
		})
	}
	return found, group.Wait()
}

// save writes one image from Docker or, if the mode allows, from the registry.
func (r *Resolver) save(ctx context.Context, mode Mode, image, path string) (err error) {
	span := event.Start(r.Sink, event.Event{Scope: event.Image, ID: image, Title: "fetch " + image})
	defer func() {
		if err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
		} else {
			span.Done("")
		}
	}()
	_, local, err := r.Docker.Labels(ctx, image)
	if err != nil {
		return err
	}
	if local {
		return r.Docker.Save(ctx, image, path)
	}
	if mode == Local || mode == Build {
		return hint.PodImageMissing.New(fmt.Sprintf("neither the node image nor Docker has %s", image),
			`use --images auto or registry, or a node image made by "kindctl images build"`)
	}
	if err := r.Registry.Has(ctx, image); err != nil {
		return err
	}
	if err := r.Registry.Save(ctx, image, path, span); err != nil && ctx.Err() == nil {
		return hint.ImageNotFetched.Wrap(err, image+" could not be fetched from its registry",
			"run the same command again; where the registry wants a password: docker login")
	}
	return context.Cause(ctx)
}
