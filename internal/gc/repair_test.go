package gc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
)

func TestPlanRepair(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	node := func(name, state string, metadata provider.Metadata) *provider.Node {
		return &provider.Node{Name: name, Role: "worker", State: state, Metadata: &metadata}
	}
	there := func(state string, metadata provider.Metadata, companions ...string) provider.Inventory {
		nodes := []*provider.Node{node("lab-a", state, metadata), node("lab-b", state, metadata)}
		return provider.Inventory{Cluster: "lab", Nodes: nodes, Companions: companions}
	}
	for name, tt := range map[string]struct {
		command string
		found   provider.Inventory
		want    []string
		left    string
		done    bool
	}{
		"a save while nodes were paused": {runs.Save, there("paused", provider.Metadata{}, "registry", "lab-b-helper"),
			[]string{"resume lab-a", "resume lab-b", "remove container lab-b-helper"}, "", false},
		"a save that had come to nothing": {runs.Save, there("running", provider.Metadata{}, "registry"), nil, "", true},
		"a reset before it replaced anything": {runs.Reset, there("running", provider.Metadata{}),
			[]string{"remove what the reset has left in lab-b"}, "", false},
		"a reset, and the user has paused since": {runs.Reset, there("paused", provider.Metadata{}),
			[]string{"remove what the reset has left in lab-b"}, "", false},
		"a reset in its middle": {runs.Reset, there("exited", provider.Metadata{Reset: "seeded"}),
			nil, "kindctl reset -n lab --to seeded", false},
		"a cluster that has gone": {runs.Save, provider.Inventory{Cluster: "lab"}, nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			record := &runs.Killed{Entry: runs.Entry{Command: tt.command, Cluster: "lab", Changes: "engine"}, Seen: time.Now()}
			s := newSweep(shed{clusters: []provider.Inventory{tt.found}, kept: "lab-b"}, "engine")
			defer s.Close()
			if err := s.planKilled(t.Context(), record, time.Now()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, repair := range s.Repairs {
				got = append(got, repair.Titles()...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if record.Done != tt.done || len(s.Clusters) > 0 {
				t.Errorf("done is %v, and removed would be %+v", record.Done, s.Clusters)
			}
			if left := len(s.Left) > 0; left != (tt.left != "") || left && !strings.Contains(s.Left[0].Reason, tt.left) {
				t.Errorf("left are %+v", s.Left)
			}
		})
	}
}

// TestDraftsOfTheLivingStay wants unfinished snapshots to go, but none of a cluster that
// another command is changing.
func TestDraftsOfTheLivingStay(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	draft := func(cluster string) string {
		path := filepath.Join(dir, cluster, ".partial-seeded")
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	busy, free := draft("busy"), draft("free")
	release, err := runs.Lock("busy")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s := newSweep(shed{}, "engine")
	defer s.Close()
	if err := s.planDrafts(map[string][]string{"busy": {busy}, "free": {free}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), &provider.Docker{}, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(busy); err != nil {
		t.Errorf("the draft of a living process is gone: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(free)); !os.IsNotExist(err) {
		t.Errorf("the draft of a killed process is there: %v", err)
	}
}
