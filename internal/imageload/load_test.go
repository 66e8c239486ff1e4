package imageload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// dock is Docker with images, and the nodes that get them.
type dock struct {
	sync.Mutex
	images map[string]string // digests by name
	saved  []string
	full   string // the node that takes no more
}

func (d *dock) Find(_ context.Context, image string) (images.Image, bool, error) {
	name, err := images.Named(image)
	digest, there := d.images[name]
	return images.Image{Name: name, Digests: []string{digest}, Size: 10}, there, err
}

func (d *dock) Export(_ context.Context, names []string, archive io.Writer) error {
	d.saved = append(d.saved, strings.Join(names, " "))
	_, err := fmt.Fprint(archive, strings.Join(names, " "))
	return err
}

func (d *dock) Platform(context.Context) (string, error) { return "linux/amd64", nil }

// berth is one node.
type berth struct {
	*dock
	name string
	has  map[string][]string
	got  []string
}

func (b *berth) Images(context.Context) (map[string][]string, error) { return b.has, nil }

func (b *berth) LoadEvery(ctx context.Context, archive io.Reader) error { return b.Load(ctx, archive) }

func (b *berth) Load(_ context.Context, archive io.Reader) error {
	if b.full == b.name {
		return errors.New("no space left on device")
	}
	content, err := io.ReadAll(archive)
	b.Lock()
	defer b.Unlock()
	b.got = append(b.got, string(content))
	return err
}

const app, db = "docker.io/library/app:dev", "docker.io/library/db:dev"

// harbor has one node with everything, one with an older app, and one without.
func harbor() (*dock, []*berth, []destination) {
	d := &dock{images: map[string]string{app: "sha256:app2", db: "sha256:db"}}
	berths := []*berth{
		{dock: d, name: "all", has: map[string][]string{app: {"sha256:m", "sha256:app2"}, db: {"sha256:db"}}},
		{dock: d, name: "old", has: map[string][]string{app: {"sha256:app1"}, db: {"sha256:db"}}},
		{dock: d, name: "none"},
	}
	var nodes []destination
	for _, b := range berths {
		nodes = append(nodes, destination{b.name, b})
	}
	return d, berths, nodes
}

func TestLoadSavesOnceAndSkips(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // others leave files as well
	d, berths, nodes := harbor()
	l := loader{source: d, sink: event.Discard}
	if err := l.find(t.Context(), []string{"app:dev", "db:dev", "docker.io/library/app:dev"}, nil); err != nil {
		t.Fatal(err)
	}
	done, err := l.loadInto(t.Context(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{{Image: app, Into: []string{"old", "none"}, Had: []string{"all"}}, {Image: db, Into: []string{"none"}, Had: []string{"all", "old"}}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("what became of the images (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{app + " " + db}, d.saved); diff != "" {
		t.Errorf("saves (-want +got):\n%s", diff)
	}
	if len(berths[0].got) != 0 || !cmp.Equal(berths[1].got, d.saved) || !cmp.Equal(berths[2].got, d.saved) {
		t.Errorf("the nodes got %v, %v and %v", berths[0].got, berths[1].got, berths[2].got)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "kindctl-load-*")); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	if done, err = l.loadInto(t.Context(), nodes[:1]); err != nil || len(done) != 2 || len(done[0].Into) != 0 || len(d.saved) != 1 {
		t.Errorf("for a node that has everything, %v was saved: %+v, %v", d.saved, done, err)
	}
}

func TestLoadNamesEverythingThatIsMissing(t *testing.T) {
	d, _, _ := harbor()
	l := loader{source: d, sink: event.Discard}
	err := l.find(t.Context(), []string{"app:dev", "web:1", "job:2"}, nil)
	if hint.CodeOf(err) != hint.NotFound || !strings.Contains(err.Error(), "web:1, job:2") || !strings.Contains(hint.AdviceOf(err), "docker build -t web:1") {
		t.Errorf("error is %v (%s)", err, hint.AdviceOf(err))
	}
}

func TestLoadFailsWithTheNode(t *testing.T) {
	d, _, nodes := harbor()
	d.full = "old"
	l := loader{source: d, sink: event.Discard}
	if err := l.find(t.Context(), []string{"app:dev"}, nil); err != nil {
		t.Fatal(err)
	}
	recorder := &event.Recorder{}
	l.sink = recorder
	if _, err := l.loadInto(t.Context(), nodes); hint.ReasonOf(err) != "LOAD_FAILED" || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error is %v", err)
	}
	if last := recorder.Events()[len(recorder.Events())-1]; last.Kind != event.Failed || last.Hint == "" {
		t.Errorf("the last event is %+v", last)
	}
}

func TestChosenNodes(t *testing.T) {
	nodes := []*provider.Node{{Name: "lab-control-plane", Role: "control-plane"}, {Name: "lab-worker", Role: "worker"}, {Name: "lab-worker2", Role: "worker"}}
	for selector, want := range map[string]int{"": 3, "worker": 2, "lab-worker2": 1, "worker2": 1, "worker,lab-worker": 2, "control-plane,worker2": 2, "wroker": 0, "lab-worker3": 0} {
		var selectors []string
		if selector != "" {
			selectors = strings.Split(selector, ",")
		}
		found, err := chosen(nodes, "lab", selectors)
		if len(found) != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d nodes, %v; want %d", selector, len(found), err, want)
		}
		if want == 0 && (hint.CodeOf(err) != hint.Usage || !strings.Contains(err.Error(), "did you mean")) {
			t.Errorf("%q: %v", selector, err)
		}
	}
}
