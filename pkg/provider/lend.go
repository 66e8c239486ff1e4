package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/errdefs"
	"github.com/gofrs/flock"
	"github.com/moby/moby/client"
)

// builtLabel is the label of every image that is built on a host.
const builtLabel = "dev.kindctl.inputs"

// lendingInterval is how often a lock that another process holds for a moment is
// tried again.
const lendingInterval = 100 * time.Millisecond

// Lend lets an image that was built bear a name of another one for as long as
// kind needs it, since kind runs its load balancer by one fixed name. giveBack
// takes the name away, unless another process still needs it; the last one does
// then. Nothing is done if image is "" or name itself, or if Docker has got the
// real image by that name meanwhile.
func (d *Docker) Lend(ctx context.Context, image, name string) (giveBack func(), err error) {
	if image == "" || image == name {
		return func() {}, nil
	}
	lock := flock.New(filepath.Join(os.TempDir(), "kindctl-load-balancer.lock"))
	if _, err := lock.TryRLockContext(ctx, lendingInterval); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if foreign, err := d.foreign(ctx, name); err != nil || foreign {
		return func() {}, closeWith(err, lock)
	}
	if _, err := d.api.ImageTag(ctx, client.ImageTagOptions{Source: image, Target: name}); err != nil {
		return nil, closeWith(fmt.Errorf("tag %s as %s: %w", image, name, err), lock)
	}
	return func() { d.giveBack(context.WithoutCancel(ctx), lock, name) }, nil
}

func closeWith(err error, lock *flock.Flock) error {
	_ = lock.Close()
	return err
}

// foreign tells whether Docker has an image by that name that was not built by
// kindctl.
func (d *Docker) foreign(ctx context.Context, name string) (bool, error) {
	image, err := d.api.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil || image.Config == nil {
		return err == nil, err
	}
	_, built := image.Config.Labels[builtLabel]
	return !built, nil
}

// giveBack removes the name if nobody else holds the lock. Where that fails, the
// name stays until the next load balancer is started.
func (d *Docker) giveBack(ctx context.Context, lock *flock.Flock, name string) {
	_ = lock.Unlock()
	if alone, err := lock.TryLock(); err == nil && alone {
		if foreign, err := d.foreign(ctx, name); err == nil && !foreign {
			_, _ = d.api.ImageRemove(ctx, name, client.ImageRemoveOptions{})
		}
	}
	_ = lock.Close()
}
