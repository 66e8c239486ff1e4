package forge

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/kindctl/kindctl/pkg/event"
)

// Prune removes what no Spec of this kindctl uses any more: components in the
// cache that were made from other inputs, what interrupted builds left, and
// images of ours in Docker of other keys that no container uses. It returns
// how many bytes of the cache were freed, not counting files that what is
// left shares, and what was removed.
func Prune(ctx context.Context, options Options) (freed int64, removed []string, err error) {
	store, err := openCache(options.CacheDir)
	if err != nil {
		return 0, nil, err
	}
	daemon, err := openDocker(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer daemon.client.Close()
	keys := everyKey()
	freed, removed, err = store.prune(keys)
	if err != nil {
		return freed, removed, err
	}
	sink := options.Sink
	if sink == nil {
		sink = event.Discard
	}
	images, err := daemon.prune(ctx, keys, sink)
	return freed, append(removed, images...), err
}

// prune removes the results whose keys are not among those in use.
// What another process is building stays.
func (c cache) prune(keys map[string]bool) (freed int64, removed []string, err error) {
	err = c.results(func(name, key, dir string) error {
		if keys[key] {
			return nil
		}
		lock, err := c.lock(name)
		if err != nil {
			return err
		}
		if free, err := lock.TryLock(); err != nil || !free {
			return err
		}
		size := uniqueSize(dir)
		if err := errors.Join(os.RemoveAll(dir), lock.Unlock()); err != nil {
			return err
		}
		freed += size
		removed = append(removed, name+"/"+key)
		return nil
	})
	return freed, removed, err
}

// prune removes images of ours whose keys are not among those in use.
func (d docker) prune(ctx context.Context, keys map[string]bool, sink event.Sink) (removed []string, err error) {
	images, err := d.ours(ctx)
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		if keys[image.Labels[labelInputs]] {
			continue
		}
		names := slices.DeleteFunc(slices.Clone(image.RepoTags), func(name string) bool { return name == "<none>:<none>" })
		if len(names) == 0 {
			names = []string{image.ID}
		}
		used, err := d.used(ctx, image.ID)
		if err != nil {
			return removed, err
		}
		if used {
			kept(sink, names[0])
			continue
		}
		for _, name := range names { // Docker removes none by its ID that has several
			switch err := d.remove(ctx, name); {
			case errdefs.IsConflict(err): // since it was looked for, a container was made of it
				kept(sink, name)
			case err != nil && !errdefs.IsNotFound(err):
				return removed, err
			default:
				removed = append(removed, name)
			}
		}
	}
	return removed, nil
}

// kept warns of an image that is not removed.
func kept(sink event.Sink, name string) {
	sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Image, ID: name,
		Message: name + " is kept because a container uses it", Hint: "Remove its cluster with `kindctl down` and prune again."})
}
