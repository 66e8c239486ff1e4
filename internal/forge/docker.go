package forge

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/daemon"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	dockerimage "github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
)

// docker is the Docker daemon that images are loaded into.
type docker struct{ client *client.Client }

// openDocker connects to the daemon that the docker command uses, where clusters
// are made as well. Who opens it closes its client.
func openDocker(ctx context.Context) (docker, error) {
	c, err := host.Docker(ctx)
	if ctx.Err() != nil {
		return docker{}, ctx.Err()
	}
	return docker{c}, err
}

// loaded is an image that Docker has; the zero value is none.
type loaded struct{ id, key string } // key is "" for an image that is not ours

// find returns the image that Docker knows as ref.
func (d docker) find(ctx context.Context, ref string) (loaded, error) {
	found, err := d.client.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return loaded{}, nil
	}
	if err != nil {
		return loaded{}, err
	}
	result := loaded{id: found.ID}
	if found.Config != nil {
		result.key = found.Config.Labels[labelInputs]
	}
	return result, nil
}

// load puts the image in dir into Docker as ref.
func (d docker) load(ctx context.Context, dir, key, ref string, sink event.Sink) (err error) {
	span := event.Start(sink, event.Event{Scope: event.Image, ID: ref, Title: "Load " + ref + " into Docker"})
	defer func() { end(span, err) }()
	tag, err := name.NewTag(ref)
	if err != nil {
		return err
	}
	meter := &meter{span: span}
	img, err := openImage(dir, key, meter.watch)
	if err != nil {
		return err
	}
	answer, err := daemon.Write(tag, img, daemon.WithClient(d.client), daemon.WithContext(ctx))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return hint.ImageLoadFailed.Wrap(err, "Docker did not take the image "+ref,
			"Look at Docker's log and at the free space of its data folder (`docker info`), then run the same command again.")
	}
	// A daemon may report a failed load in the body of a successful answer.
	if found, err := d.find(ctx, ref); err != nil || found.key != key {
		return hint.ImageLoadFailed.Wrap(err, "Docker has no image "+ref+" after loading it; it said: "+answer,
			"Look at Docker's log and at the free space of its data folder (`docker info`).")
	}
	return nil
}

// ours returns the images in Docker that this package made.
func (d docker) ours(ctx context.Context) ([]dockerimage.Summary, error) {
	list, err := d.client.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("label", labelInputs)})
	return list.Items, err
}

// used reports whether a container, running or not, was made of an image.
func (d docker) used(ctx context.Context, image string) (bool, error) {
	users, err := d.client.ContainerList(ctx, client.ContainerListOptions{All: true, Limit: 1, Filters: client.Filters{}.Add("ancestor", image)})
	return len(users.Items) > 0, err
}

// remove deletes an image by a name or its ID. Docker refuses to delete the last name
// while a container uses the image.
func (d docker) remove(ctx context.Context, image string) error {
	_, err := d.client.ImageRemove(ctx, image, client.ImageRemoveOptions{PruneChildren: true})
	return err
}

// meter reports how much of an image's layers was read.
type meter struct {
	span        *event.Span
	done, total atomic.Int64
}

// step is how many bytes lie between two reports.
const step = 16 << 20

func (m *meter) watch(layer v1.Layer) v1.Layer {
	if size, err := layer.Size(); err == nil {
		m.total.Add(size)
	}
	return meteredLayer{layer, m}
}

type meteredLayer struct {
	v1.Layer
	meter *meter
}

func (l meteredLayer) Compressed() (io.ReadCloser, error) {
	r, err := l.Layer.Compressed()
	return &meteredReader{r, l.meter}, err
}

type meteredReader struct {
	io.ReadCloser
	meter *meter
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	done := r.meter.done.Add(int64(n))
	if done/step != (done-int64(n))/step {
		r.meter.span.Progress("sending layers", done, r.meter.total.Load())
	}
	return n, err
}
