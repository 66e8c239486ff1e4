package forge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
)

func nobody() {}

func TestFillKeepsCompleteResultsOnly(t *testing.T) {
	store := cache{t.TempDir()}
	broken := errors.New("broken")
	_, err := store.fill(t.Context(), "a", "1", nobody, func(dir string) error {
		_ = os.WriteFile(filepath.Join(dir, "half"), nil, 0o600)
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("fill returned %v", err)
	}
	if _, ok := store.lookup("a", "1"); ok {
		t.Error("the result of a failed build is there")
	}

	// What a killed process leaves behind.
	left := filepath.Join(store.dir, "a", building, "half")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o755), os.WriteFile(left, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	fresh, err := store.fill(t.Context(), "a", "1", nobody, func(dir string) error {
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("a build begins in a folder that holds %v", entries)
		}
		return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o600)
	})
	if err != nil || !fresh {
		t.Fatalf("fill returned %v, %v", fresh, err)
	}
	if _, err := os.Stat(filepath.Join(store.path("a", "1"), "whole")); err != nil {
		t.Error(err)
	}
	fresh, err = store.fill(t.Context(), "a", "1", nobody, func(string) error { return broken })
	if err != nil || fresh {
		t.Errorf("a result that is there is built again: %v, %v", fresh, err)
	}
}

func TestCacheIsPrivate(t *testing.T) {
	store := cache{filepath.Join(t.TempDir(), "deep", "forge")}
	if _, err := store.fill(t.Context(), "a", "1", nobody, func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(store.dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the cache's folder has the mode %v", info.Mode())
	}
}

func TestTwoBuildersBuildOnce(t *testing.T) {
	store := cache{t.TempDir()}
	var mu sync.Mutex
	built, waited := 0, 0
	begun := make(chan struct{})
	fill := func() {
		_, err := store.fill(context.Background(), "a", "1", func() { mu.Lock(); waited++; mu.Unlock() }, func(string) error {
			close(begun)
			time.Sleep(2 * lockInterval) // the other one has to meet the lock
			mu.Lock()
			built++
			mu.Unlock()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	var both sync.WaitGroup
	both.Go(fill)
	<-begun
	both.Go(fill)
	both.Wait()
	if built != 1 || waited != 1 {
		t.Errorf("built %d times, waited %d times; want once each", built, waited)
	}
}

// bench is a builder of a small graph that writes down what it builds.
func bench(t *testing.T, dir, input string, fail string) (*builder, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var built []string
	g := line(input)
	for i := range g {
		c := &g[i]
		c.title = c.name
		c.build = func(ctx context.Context, w *work) error {
			if c.name == fail {
				return errors.New("no luck")
			}
			for _, need := range c.needs {
				if _, err := os.Stat(w.path(need, "made")); err != nil {
					return err
				}
			}
			mu.Lock()
			built = append(built, c.name)
			mu.Unlock()
			return os.WriteFile(filepath.Join(w.dir, "made"), nil, 0o600)
		}
	}
	b := &builder{cache: cache{dir}, graph: g, keys: g.keys(), sink: event.Discard, width: [lanes]int{2, 1, 1}}
	return b, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(built) }
}

func names(list []component) (names []string) {
	for _, c := range list {
		names = append(names, c.name)
	}
	return names
}

var lineEnd = []target{{component: "c"}}

func TestBuildGoesOnWhereItFailed(t *testing.T) {
	dir := t.TempDir()
	b, built := bench(t, dir, "1", "c")
	if _, err := b.run(t.Context(), b.missing(lineEnd)); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Fatalf("run returned %v", err)
	}
	if got := built(); !slices.Equal(got, []string{"a", "b"}) {
		t.Fatalf("built %v", got)
	}
	b, built = bench(t, dir, "1", "")
	took, err := b.run(t.Context(), b.missing(lineEnd))
	if err != nil {
		t.Fatal(err)
	}
	if got := built(); !slices.Equal(got, []string{"c"}) || len(took) != 1 {
		t.Errorf("built %v again, in %v", got, took)
	}
	if left := names(b.missing(lineEnd)); left != nil {
		t.Errorf("%v is missing after a build", left)
	}
	if b.expected(b.graph.find("c")) == 0 {
		t.Error("the time of the last build is not known")
	}
}

func TestInputBuildsWhatDependsOnIt(t *testing.T) {
	dir := t.TempDir()
	for _, input := range []string{"1", "2"} {
		b, built := bench(t, dir, input, "")
		if _, err := b.run(t.Context(), b.missing(lineEnd)); err != nil {
			t.Fatal(err)
		}
		if got := built(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("input %s: built %v", input, got)
		}
	}
}

func TestCompleteTargetNeedsNothing(t *testing.T) {
	dir := t.TempDir()
	b, _ := bench(t, dir, "1", "")
	if _, err := b.run(t.Context(), b.missing(lineEnd)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if left := names(b.missing(lineEnd)); left != nil {
		t.Errorf("%v is missing though what is made of it is there", left)
	}
}

func TestInterruptedBuildSaysSo(t *testing.T) {
	recorder := &event.Recorder{}
	b, _ := bench(t, t.TempDir(), "1", "")
	b.sink = recorder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range b.graph {
		b.graph[i].build = func(ctx context.Context, _ *work) error { cancel(); <-ctx.Done(); return ctx.Err() }
	}
	if _, err := b.run(ctx, b.missing(lineEnd)); !errors.Is(err, context.Canceled) {
		t.Fatalf("run returned %v", err)
	}
	ended := map[string]event.Kind{}
	for _, e := range recorder.Events() {
		ended[e.ID] = e.Kind
	}
	if ended["a"] != event.Skipped || ended["b"] != "" {
		t.Errorf("a ended as %q, b as %q", ended["a"], ended["b"])
	}
}

func TestPruneLeavesWhatIsUsed(t *testing.T) {
	dir := t.TempDir()
	for _, input := range []string{"old", "new"} {
		b, _ := bench(t, dir, input, "")
		if _, err := b.run(t.Context(), b.missing(lineEnd)); err != nil {
			t.Fatal(err)
		}
	}
	store := cache{dir}
	if err := os.MkdirAll(filepath.Join(dir, "b", building), 0o755); err != nil {
		t.Fatal(err)
	}
	old, current := line("old").keys(), line("new").keys()

	lock, err := store.lock("c") // as if another process was building c
	if err != nil {
		t.Fatal(err)
	}
	if free, err := lock.TryLock(); !free || err != nil {
		t.Fatal(free, err)
	}
	inUse := map[string]bool{}
	for _, key := range current {
		inUse[key] = true
	}
	freed, removed, err := store.prune(inUse)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/" + old["a"], "b/" + old["b"], "b/" + building}
	slices.Sort(want)
	slices.Sort(removed)
	if !slices.Equal(removed, want) || freed <= 0 {
		t.Errorf("removed %v (%d bytes), not %v", removed, freed, want)
	}
	for name := range current {
		if _, ok := store.lookup(name, current[name]); !ok && name != "other" {
			t.Errorf("%s is gone though it is used", name)
		}
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, removed, err = store.prune(inUse); err != nil || !slices.Equal(removed, []string{"c/" + old["c"]}) {
		t.Errorf("after the other process ended, %v was removed (%v)", removed, err)
	}
}
