package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// kind starts all containers of a cluster at once and returns with the first error,
// while it still starts the others.

const (
	// endInterval is how often it is looked whether something has ended that tells nobody.
	endInterval = 20 * time.Millisecond
	// settleTime bounds how long what has failed is waited for. kind gives a node 30 s to
	// boot.
	settleTime = time.Minute
)

// toItsEnd returns when work has ended, and after an error when every goroutine that it
// has started has ended too. Such goroutines inherit labels, which the goroutine profile
// shows.
func toItsEnd(ctx context.Context, work func() error) (err error) {
	label := rand.Text()
	pprof.Do(ctx, pprof.Labels("kindctl", label), func(context.Context) { err = work() })
	for begin := time.Now(); err != nil && atWork(label) && time.Since(begin) < settleTime; {
		time.Sleep(endInterval)
	}
	return err
}

// atWork tells whether a goroutine has a label.
func atWork(label string) bool {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1) // a Buffer takes everything
	return strings.Contains(profile.String(), label)
}

// settle waits until Docker shows every container that it still makes. A terminal sends
// Ctrl-C to docker's commands too; Docker goes on with what such a command has asked
// for, and lists a container only when its volumes are there. Its name is taken before.
func (d *Docker) settle(ctx context.Context, planned []PlannedNode) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	var group sync.WaitGroup
	for _, one := range planned {
		group.Go(func() {
			for d.beingMade(ctx, one) {
				select {
				case <-ctx.Done():
					return
				case <-time.After(endInterval):
				}
			}
		})
	}
	group.Wait()
}

// beingMade tells whether Docker makes a container that it does not show yet: another
// one cannot have the name.
func (d *Docker) beingMade(ctx context.Context, one PlannedNode) bool {
	if _, err := d.api.ContainerInspect(ctx, one.Name, client.ContainerInspectOptions{}); !errdefs.IsNotFound(err) {
		return false
	}
	probe, err := d.api.ContainerCreate(ctx, client.ContainerCreateOptions{Name: one.Name, Config: &container.Config{Image: one.Image}})
	if err == nil {
		_ = d.removeContainer(ctx, probe.ID)
	}
	return errdefs.IsConflict(err)
}
