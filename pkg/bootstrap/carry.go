package bootstrap

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/images"
)

// carry brings the images into the nodes that lack them.
func (f *freight) carry(ctx context.Context, nodes []destination) (done []Loaded, err error) {
	span := event.Start(f.sink, event.Event{Scope: event.Phase, ID: "load", Title: "Load images into the nodes"})
	defer func() {
		if err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
		} else {
			span.Done("")
		}
	}()
	stocks, err := stock(ctx, nodes)
	if err != nil {
		return nil, err
	}
	parcels := f.archives
	if wanted := lacking(f.docker, stocks); len(wanted) > 0 {
		file, remove, err := temporary()
		if err != nil {
			return nil, err
		}
		defer remove()
		if err := f.save(ctx, wanted, file, span); err != nil {
			return nil, hint.LoadFailed.Wrap(err, "the images could not be saved", "see whether there is room: df "+os.TempDir()+"; TMPDIR names another place")
		}
		saved, err := f.parcel(ctx, file.Name(), wanted)
		if err != nil {
			return nil, hint.Keep(err, "what Docker has of "+strings.Join(namesOf(wanted), ", ")+" cannot be loaded")
		}
		parcels = append([]parcel{saved}, parcels...)
	}
	for _, p := range parcels {
		if err := p.unload(ctx, nodes, stocks, span); err != nil {
			return nil, hint.LoadFailed.Wrap(err, "the images could not be loaded into all nodes", "check Docker's free space: docker system df")
		}
	}
	for _, p := range append([]parcel{{images: f.docker}}, f.archives...) {
		for _, image := range p.images {
			done = append(done, outcome(image, nodes, stocks))
		}
	}
	return done, nil
}

// lacking are the images that a node lacks.
func lacking(wanted []images.Image, stocks []map[string][]string) (missing []images.Image) {
	for _, image := range wanted {
		if slices.ContainsFunc(stocks, func(stock map[string][]string) bool { return !holds(stock, image) }) {
			missing = append(missing, image)
		}
	}
	return missing
}

func outcome(image images.Image, nodes []destination, stocks []map[string][]string) Loaded {
	result := Loaded{Image: image.Name}
	for i, node := range nodes {
		if holds(stocks[i], image) {
			result.Had = append(result.Had, node.name)
		} else {
			result.Into = append(result.Into, node.name)
		}
	}
	return result
}

func namesOf(wanted []images.Image) (names []string) {
	for _, image := range wanted {
		names = append(names, image.Name)
	}
	return names
}

// save writes images of Docker into one file, once for all nodes.
func (f *freight) save(ctx context.Context, wanted []images.Image, file *os.File, span *event.Span) error {
	var size int64
	for _, image := range wanted {
		size += image.Size
	}
	names := namesOf(wanted)
	written := &meter{span: span, message: "saving " + strings.Join(names, ", "), total: size}
	return f.shelf.Export(ctx, names, io.MultiWriter(file, written))
}

// unload puts an archive into every node that lacks one of its images.
func (p parcel) unload(ctx context.Context, nodes []destination, stocks []map[string][]string, span *event.Span) error {
	info, err := os.Stat(p.path)
	if err != nil {
		return err
	}
	var targets []destination
	for i, node := range nodes {
		if len(lacking(p.images, stocks[i:i+1])) > 0 {
			targets = append(targets, node)
		}
	}
	read := &meter{span: span, message: fmt.Sprintf("loading into %d of %d nodes", len(targets), len(nodes)), total: info.Size() * int64(len(targets))}
	var group errgroup.Group
	for _, node := range targets {
		group.Go(func() error {
			archive, err := os.Open(p.path)
			if err != nil {
				return err
			}
			defer archive.Close()
			if p.every {
				return node.LoadEvery(ctx, io.TeeReader(archive, read))
			}
			return node.Load(ctx, io.TeeReader(archive, read))
		})
	}
	return group.Wait()
}

// meter counts bytes and reports each part of a hundred.
type meter struct {
	span    *event.Span
	message string
	total   int64
	count   atomic.Int64
}

func (m *meter) Write(b []byte) (int, error) {
	now := m.count.Add(int64(len(b)))
	if part := max(m.total/100, 1); now/part != (now-int64(len(b)))/part {
		m.span.Progress(m.message, min(now, m.total), m.total)
	}
	return len(b), nil
}
