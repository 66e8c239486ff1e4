package images

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/kindctl/kindctl/pkg/event"
)

// Rehearse is Resolve without its deeds: it looks in the same places, and returns
// what Resolve would pull, build and keep, a line each. A node image that would be
// built is taken to hold everything.
func (r *Resolver) Rehearse(ctx context.Context, req Request) (Set, []string, error) {
	n := &notes{pods: req.Pods}
	rehearsal := &Resolver{Docker: notedDocker{r.Docker, n}, Registry: notedSource{r.Registry, n}, Builder: notedBuilder{r.Builder, n}, Store: notedStore{r.Store, n}, Sink: event.Discard}
	set, err := rehearsal.Resolve(ctx, req)
	slices.Sort(n.lines) // images are looked for side by side
	return set, n.lines, err
}

// notes are what was asked for and not done.
type notes struct {
	pods []string

	mu            sync.Mutex
	lines         []string
	pulled, built []string // images that Docker would have
}

func (n *notes) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

type notedDocker struct {
	Docker
	*notes
}

func (d notedDocker) Labels(ctx context.Context, ref string) (map[string]string, bool, error) {
	switch {
	case slices.Contains(d.built, ref):
		return map[string]string{BakedLabel: strings.Join(d.pods, ",")}, true, nil
	case slices.Contains(d.pulled, ref):
		return nil, true, nil
	}
	return d.Docker.Labels(ctx, ref)
}

func (d notedDocker) Pull(_ context.Context, ref string, _ *event.Span) error {
	d.pulled = append(d.pulled, ref)
	d.add("pull " + ref)
	return nil
}

func (d notedDocker) Tag(_ context.Context, ref, name string) error {
	d.add("tag " + ref + " as " + name)
	return nil
}

func (d notedDocker) Save(_ context.Context, ref, _ string) error {
	d.add("keep " + ref + " as an archive")
	return nil
}

type notedSource struct {
	Source
	*notes
}

// Save is called for images that the registry has, as far as it says.
func (s notedSource) Save(_ context.Context, ref, _ string, _ *event.Span) error {
	s.add("fetch " + ref + " as an archive")
	return nil
}

type notedBuilder struct {
	Builder
	*notes
}

func (b notedBuilder) Build(ctx context.Context) (string, error) {
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

func (b notedBuilder) BuildLoadBalancer(context.Context) (string, error) {
	b.add("build the image of the load balancer")
	return b.LoadBalancer(), nil
}

type notedStore struct {
	Keeper
	*notes
}

// place is a Keeper that says where it would keep an image.
type place interface{ path(image string) string }

func (s notedStore) Get(_ context.Context, image string, fetch func(path string) error) (string, error) {
	path := ""
	if known, is := s.Keeper.(place); is {
		path = known.path(image)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return path, fetch(path)
}
