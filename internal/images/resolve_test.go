package images

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// world is a Docker engine, a registry and a builder that keep a diary.
type world struct {
	mu       sync.Mutex
	diary    []string
	docker   map[string]map[string]string
	answers  bool
	lacks    string // an image that the registry does not have
	cannot   error  // why building is impossible
	builtTag string
}

func (w *world) note(words ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.diary = append(w.diary, strings.Join(words, " "))
}

func (w *world) Labels(_ context.Context, ref string) (map[string]string, bool, error) {
	labels, found := w.docker[ref]
	return labels, found, nil
}

func (w *world) Pull(_ context.Context, ref string, _ *event.Span) error {
	w.note("pull", ref)
	w.docker[ref] = nil
	return nil
}

func (w *world) Names(context.Context) ([]string, error) {
	return slices.Collect(maps.Keys(w.docker)), nil
}

func (w *world) Save(_ context.Context, ref, path string) error {
	w.note("save", ref)
	return os.WriteFile(path, []byte(ref), 0o600)
}

func (w *world) File(context.Context, string, string) ([]byte, error) {
	return nil, errors.New("the resolver reads no file of an image")
}

func (w *world) NodeImage() (string, error) { return w.builtTag, nil }

func (w *world) Build(context.Context) (string, error) {
	w.note("build")
	w.docker[w.builtTag] = map[string]string{BakedLabel: "cni:1,probe:1"}
	return w.builtTag, w.cannot
}

func (w *world) LoadBalancer() string { return builtBalancer }

func (w *world) BuildLoadBalancer(context.Context) (string, error) {
	w.note("build load balancer")
	return builtBalancer, nil
}

const builtBalancer = "kindctl.local/load-balancer:1"

// mirror is the same world seen as a Source with a mirror.
type mirror struct {
	*world
	*Remote
}

func (r mirror) Answers(context.Context, string) error {
	if r.answers {
		return nil
	}
	return hint.New(hint.Preflight, "REGISTRY_UNREACHABLE", "no registry answers", "check the network")
}

func (r mirror) Has(ctx context.Context, ref string) error {
	if r.lacks != "" && strings.Contains(ref, r.lacks) {
		return hint.ImageNotInRegistry.New("the registry has no "+ref, "put it there")
	}
	return r.Answers(ctx, ref)
}

func (r mirror) Newest(_ context.Context, ref, minor string) (string, error) {
	return untagged(ref) + ":" + minor + ".9", nil
}

func (r mirror) Save(_ context.Context, ref, path string, _ *event.Span) error {
	r.note("fetch", ref)
	return os.WriteFile(path, []byte(ref), 0o600)
}

func TestModes(t *testing.T) {
	for _, mode := range Modes() {
		if err := mode.Check(); err != nil {
			t.Error(err)
		}
	}
	if err := Mode("guess").Check(); hint.ReasonOf(err) != hint.ImagesMode.Name || hint.CodeOf(err) != hint.Usage {
		t.Errorf("a mode that there is not: %v", err)
	}
}

func TestResolve(t *testing.T) {
	const published, built, balancer = "kindest/node:v1", "kindctl.local/node:1", "docker.io/library/haproxy:v1"
	baked := map[string]string{BakedLabel: "cni:1,probe:1"}
	tests := []struct {
		name      string
		noForge   bool
		mode      Mode
		node      string
		minor     string
		balancer  string
		front     string // the load balancer that was found
		docker    map[string]map[string]string
		answers   bool
		lacks     string
		cannot    error
		prefix    string
		want      string
		source    Mode
		archives  int
		diary     []string
		wantError string
	}{
		{name: "a built image in Docker needs nothing else", mode: Auto, docker: map[string]map[string]string{built: baked}, answers: true, want: built, source: Local},
		{name: "the registry before the compiler", mode: Auto, answers: true, want: published, source: Registry, archives: 2,
			diary: []string{"pull kindest/node:v1", "fetch cni:1", "fetch probe:1"}},
		{name: "no registry, so build", mode: Auto, want: built, source: Build, diary: []string{"build"}},
		{name: "nothing works: every reason is told", mode: Auto, cannot: errors.New("not root"), wantError: "local: Docker has none of"},
		{name: "local only", mode: Local, answers: true, wantError: "Docker has none of"},
		{name: "build although a registry answers", mode: Build, answers: true, want: built, source: Build, diary: []string{"build"}},
		{name: "registry although built", mode: Registry, answers: true, docker: map[string]map[string]string{built: baked}, want: published, source: Registry, archives: 2,
			diary: []string{"pull kindest/node:v1", "fetch cni:1", "fetch probe:1"}},
		{name: "registry without the node image", mode: Registry, answers: true, lacks: "kindest/node", wantError: "the registry has no kindest/node:v1"},
		{name: "registry without an image of the CNI", mode: Registry, answers: true, lacks: "cni:1", wantError: "the registry has no cni:1", diary: []string{"pull kindest/node:v1"}},
		{name: "a registry without the load balancer, so it is built", mode: Auto, answers: true, lacks: "haproxy", balancer: balancer, front: builtBalancer, docker: map[string]map[string]string{built: baked}, want: built, source: Local, diary: []string{"build load balancer"}},
		{name: "registry that does not answer", mode: Registry, wantError: "no registry answers"},
		{name: "a pod image that Docker has is saved, not pulled", mode: Local, node: "mine:1", docker: map[string]map[string]string{"mine:1": nil, "cni:1": nil, "probe:1": nil},
			want: "mine:1", source: Local, archives: 2, diary: []string{"save cni:1", "save probe:1"}},
		{name: "a node image without the CNI and no registry", mode: Local, node: "mine:1", docker: map[string]map[string]string{"mine:1": nil}, wantError: "neither the node image nor Docker has"},
		{name: "the user's image is never built", mode: Build, node: "mine:1", wantError: "makes kindctl's own node image"},
		{name: "a mirror changes where, not what", mode: Registry, answers: true, prefix: "127.0.0.1:5000/m", want: "127.0.0.1:5000/m/kindest/node:v1", source: Registry, archives: 2,
			diary: []string{"fetch cni:1", "fetch probe:1", "pull 127.0.0.1:5000/m/kindest/node:v1"}},
		{name: "the load balancer from a mirror", mode: Registry, answers: true, prefix: "127.0.0.1:5000", balancer: balancer, front: "127.0.0.1:5000/library/haproxy:v1", docker: map[string]map[string]string{"127.0.0.1:5000/kindest/node:v1": baked},
			want: "127.0.0.1:5000/kindest/node:v1", source: Registry, archives: 2,
			diary: []string{"fetch cni:1", "fetch probe:1", "pull 127.0.0.1:5000/kindest/node:v1", "pull 127.0.0.1:5000/library/haproxy:v1"}},
		{name: "no registry, so the load balancer is built", mode: Auto, balancer: balancer, front: builtBalancer, docker: map[string]map[string]string{built: baked}, want: built, source: Local,
			diary: []string{"build load balancer"}},
		{name: "a load balancer that was built", mode: Local, balancer: balancer, front: builtBalancer,
			docker: map[string]map[string]string{built: baked, builtBalancer: nil}, want: built, source: Local},
		{name: "a published load balancer that Docker has", mode: Local, balancer: balancer, front: balancer,
			docker: map[string]map[string]string{built: baked, balancer: nil}, want: built, source: Local},
		{name: "the published load balancer although one was built", mode: Registry, answers: true, balancer: balancer, front: balancer, archives: 2,
			docker: map[string]map[string]string{builtBalancer: nil}, want: published, source: Registry,
			diary: []string{"pull docker.io/library/haproxy:v1", "pull kindest/node:v1", "fetch cni:1", "fetch probe:1"}},
		{name: "no load balancer", mode: Local, balancer: balancer, docker: map[string]map[string]string{built: baked}, wantError: "Docker does not have"},
		{name: "the published image where none can be built", noForge: true, mode: Auto, docker: map[string]map[string]string{published: baked}, want: published, source: Local},
		{name: "any patch that is published", mode: Registry, minor: "v1.36", answers: true, want: "kindest/node:v1.36.9", source: Registry, archives: 2,
			diary: []string{"fetch cni:1", "fetch probe:1", "pull kindest/node:v1.36.9"}},
		{name: "any patch that Docker has", noForge: true, mode: Local, minor: "v1.36", docker: map[string]map[string]string{"kindest/node:v1.36.4": baked, "kindest/node:v1.36.2": baked}, want: "kindest/node:v1.36.4", source: Local},
		{name: "unknown mode", mode: "guess", wantError: `there is no source of images "guess"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{docker: tt.docker, answers: tt.answers, lacks: tt.lacks, cannot: tt.cannot, builtTag: built}
			if tt.noForge {
				w.builtTag = ""
			}
			if w.docker == nil {
				w.docker = map[string]map[string]string{}
			}
			resolver := &Resolver{
				Docker: w, Registry: mirror{w, &Remote{Mirror: tt.prefix}}, Builder: w,
				Store: &Store{Dir: t.TempDir()}, Sink: event.Discard,
			}
			request := Request{Mode: tt.mode, Node: tt.node, Published: published, Minor: tt.minor, LoadBalancer: tt.balancer, Pods: []string{"cni:1", "probe:1"}}
			if tt.cannot == nil { // only a build itself says
				w.dryRun(t, resolver, request, tt.diary, tt.wantError)
			}
			set, err := resolver.Resolve(t.Context(), request)
			if tt.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantError) {
					t.Fatalf("error is %v, want one with %q", err, tt.wantError)
				}
				if hint.AdviceOf(err) == "" {
					t.Errorf("%v comes without advice", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if set.Node != tt.want || set.Source != tt.source || set.LoadBalancer != tt.front || len(set.Archives) != tt.archives {
				t.Errorf("got %+v, want %s from %s with %d archives", set, tt.want, tt.source, tt.archives)
			}
			slices.Sort(tt.diary)
			slices.Sort(w.diary)
			if diff := cmp.Diff(tt.diary, w.diary); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}

// dryRun wants a dry run to do nothing, and to say what is done afterward.
func (w *world) dryRun(t *testing.T, resolver *Resolver, request Request, diary []string, wantError string) {
	t.Helper()
	before := maps.Clone(w.docker)
	_, lines, err := resolver.DryRun(t.Context(), request)
	if len(w.diary) > 0 || !maps.EqualFunc(before, w.docker, maps.Equal) {
		t.Fatalf("a dry run has done something: %v", w.diary)
	}
	if wantError != "" {
		if err == nil || !strings.Contains(err.Error(), wantError) {
			t.Errorf("the dry run's error is %v, want one with %q", err, wantError)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	words := strings.NewReplacer("build the image of the load balancer", "build load balancer", "build "+w.builtTag, "build", " as an archive", "", "keep", "save")
	for i, line := range lines {
		lines[i] = words.Replace(line)
	}
	slices.Sort(lines)
	if diff := cmp.Diff(slices.Sorted(slices.Values(diary)), lines); diff != "" {
		t.Errorf("what would be done (-want +got):\n%s", diff)
	}
}

func TestStoreFetchesOnce(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	var mu sync.Mutex
	fetched := 0
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := store.Get(t.Context(), "image:1", func(path string) error {
				mu.Lock()
				fetched++
				mu.Unlock()
				return os.WriteFile(path, []byte("content"), 0o600)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if fetched != 1 {
		t.Errorf("fetched %d times, want once", fetched)
	}
}

func TestStoreKeepsNothingHalf(t *testing.T) {
	store := &Store{Dir: t.TempDir()}
	broken := errors.New("connection reset")
	_, err := store.Get(t.Context(), "image:1", func(path string) error {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error is %v, want %v", err, broken)
	}
	path, err := store.Get(t.Context(), "image:1", func(path string) error { return os.WriteFile(path, []byte("whole"), 0o600) })
	if err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "whole" {
		t.Errorf("the store holds %q", content)
	}
}
