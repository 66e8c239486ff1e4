package images

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/kindctl/kindctl/pkg/event"
)

// DryRun is Resolve without its effects: it looks in the same places, and returns
// what Resolve would pull, build and keep, a line each. A node image that would be
// built is taken to hold everything.
func (r *Resolver) DryRun(ctx context.Context, req Request) (Set, []string, error) {
	m := &messages{pods: req.Pods}
	dry := &Resolver{
		Docker:   dryDocker{r.Docker, m},
		Registry: drySource{r.Registry, m},
		Builder:  dryBuilder{r.Builder, m},
		Store:    dryStore{r.Store, m},
		Sink:     event.Discard,
	}
	set, err := dry.Resolve(ctx, req)
	slices.Sort(m.lines) // images are looked for side by side
	return set, m.lines, err
}

// messages are what was asked for and not done.
type messages struct {
	pods []string

	mu            sync.Mutex
	lines         []string
	pulled, built []string // images that Docker would have
}

func (m *messages) add(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, line)
}

type dryDocker struct {
	Docker
	*messages
}

func (d dryDocker) Labels(ctx context.Context, ref string) (map[string]string, bool, error) {
	switch {
	case slices.Contains(d.built, ref):
		return map[string]string{BakedLabel: strings.Join(d.pods, ",")}, true, nil
	case slices.Contains(d.pulled, ref):
		return nil, true, nil
	}
	return d.Docker.Labels(ctx, ref)
}

func (d dryDocker) Pull(_ context.Context, ref string, _ *event.Span) error {
	d.pulled = append(d.pulled, ref)
	d.add("pull " + ref)
	return nil
}

func (d dryDocker) Save(_ context.Context, ref, _ string) error {
	d.add("keep " + ref + " as an archive")
	return nil
}

type drySource struct {
	Source
	*messages
}

// Save is called for images that the registry has, as far as it says.
func (s drySource) Save(_ context.Context, ref, _ string, _ *event.Span) error {
	s.add("fetch " + ref + " as an archive")
	return nil
}

type dryBuilder struct {
	Builder
	*messages
}

func (b dryBuilder) Build(ctx context.Context) (string, error) {
	ref, err := b.NodeImage()
	if err != nil {
		return "", err
	}
	if ref == "" { // nothing can be built here, which it says
		return b.Builder.Build(ctx)
	}
	b.built = append(b.built, ref)
	b.add("build " + ref)
	return ref, nil
}

func (b dryBuilder) BuildLoadBalancer(context.Context) (string, error) {
	b.add("build the image of the load balancer")
	return b.LoadBalancer(), nil
}

type dryStore struct {
	ArchiveStore
	*messages
}

// pather is an ArchiveStore that says where it would keep an image.
type pather interface{ path(image string) string }

func (s dryStore) Get(_ context.Context, image string, fetch func(path string) error) (string, error) {
	path := ""
	if known, is := s.ArchiveStore.(pather); is {
		path = known.path(image)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return path, fetch(path)
}
