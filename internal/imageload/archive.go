package imageload

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// loadInto brings the images into the nodes that lack them.
func (l *loader) loadInto(ctx context.Context, nodes []destination) (done []Result, err error) {
	span := event.Start(l.sink, event.Event{Scope: event.Phase, ID: "load", Title: "Load images into the nodes"})
	defer func() {
		if err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
		} else {
			span.Done("")
		}
	}()
	present, err := imagesOf(ctx, nodes)
	if err != nil {
		return nil, err
	}
	archives := l.archives
	if wanted := lacking(l.docker, present); len(wanted) > 0 {
		file, remove, err := temporary()
		if err != nil {
			return nil, err
		}
		defer remove()
		if err := l.save(ctx, wanted, file, span); err != nil {
			return nil, hint.LoadFailed.Wrap(err, "the images could not be saved", "see whether there is room: df "+os.TempDir()+"; TMPDIR names another place")
		}
		saved, err := l.archive(ctx, file.Name(), wanted)
		if err != nil {
			return nil, hint.Keep(err, "what Docker has of "+strings.Join(namesOf(wanted), ", ")+" cannot be loaded")
		}
		archives = append([]archive{saved}, archives...)
	}
	for _, p := range archives {
		if err := p.loadInto(ctx, nodes, present, span); err != nil {
			return nil, hint.LoadFailed.Wrap(err, "the images could not be loaded into all nodes", "check Docker's free space: docker system df")
		}
	}
	for _, p := range append([]archive{{images: l.docker}}, l.archives...) {
		for _, image := range p.images {
			done = append(done, outcome(image, nodes, present))
		}
	}
	return done, nil
}

// lacking are the images that a node lacks.
func lacking(wanted []images.Image, present []map[string][]string) (missing []images.Image) {
	for _, image := range wanted {
		if slices.ContainsFunc(present, func(there map[string][]string) bool { return !hasImage(there, image) }) {
			missing = append(missing, image)
		}
	}
	return missing
}

func outcome(image images.Image, nodes []destination, present []map[string][]string) Result {
	result := Result{Image: image.Name}
	for i, node := range nodes {
		if hasImage(present[i], image) {
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
func (l *loader) save(ctx context.Context, wanted []images.Image, file *os.File, span *event.Span) error {
	var size int64
	for _, image := range wanted {
		size += image.Size
	}
	names := namesOf(wanted)
	written := &meter{span: span, message: "saving " + strings.Join(names, ", "), total: size}
	return l.source.Export(ctx, names, io.MultiWriter(file, written))
}

// loadInto puts an archive into every node that lacks one of its images.
func (p archive) loadInto(ctx context.Context, nodes []destination, present []map[string][]string, span *event.Span) error {
	info, err := os.Stat(p.path)
	if err != nil {
		return err
	}
	var targets []destination
	for i, node := range nodes {
		if len(lacking(p.images, present[i:i+1])) > 0 {
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
