package pool

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindctl/kindctl/internal/provider"
)

// shed is a Docker with clusters of two nodes.
type shed map[string]provider.Metadata

func (s shed) Clusters(context.Context) (names []string, err error) {
	for name := range s {
		names = append(names, name)
	}
	return names, nil
}

// Glance has all nodes paused, but for those of clusters that are named otherwise.
func (s shed) Glance(_ context.Context, cluster string) (provider.Inventory, error) {
	metadata := s[cluster]
	metadata.Cluster, metadata.Nodes = cluster, []string{cluster + "-a", cluster + "-b"}
	a, b := &provider.Node{Name: cluster + "-a", State: "paused", Metadata: &metadata}, &provider.Node{Name: cluster + "-b", State: "paused"}
	switch cluster {
	case "pool-missing":
		return provider.Inventory{Cluster: cluster, Nodes: []*provider.Node{a}}, nil
	case "pool-running":
		b.State = "running"
	}
	return provider.Inventory{Cluster: cluster, Nodes: []*provider.Node{a, b}}, nil
}

func TestEntries(t *testing.T) {
	d := definition(t, 2, "calico")
	d.ID = "mine"
	before := definition(t, 2, "cilium")
	before.ID = d.ID
	at := func(minute int) time.Time { return time.Unix(int64(60*minute), 0) }
	of := func(pool string, created, frozen int) provider.Metadata {
		m := provider.Metadata{Version: "v1", Pool: pool, Created: at(created), FrozenMemory: 1 << 30}
		if frozen > 0 {
			m.Frozen = at(frozen)
		}
		return m
	}
	older := of(d.mark(), 7, 8)
	older.Version = "v0"
	found, err := entries(t.Context(), shed{
		"pool-young": of(d.mark(), 8, 9), "pool-old": of(d.mark(), 1, 2), "pool-begun": of(d.mark(), 2, 0), "pool-other": of(before.mark(), 3, 4), "pool-older": older,
		"pool-missing": of(d.mark(), 4, 5), "pool-running": of(d.mark(), 5, 6),
		"pool-taken": of("", 6, 0), "pool-foreign": of("theirs.0a0b0c0d", 9, 9), "lab": of(d.mark(), 7, 8),
	}, d, "v1")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Name: "pool-old", State: Ready, Nodes: 2},
		{Name: "pool-begun", State: Unfinished, Nodes: 2},
		{Name: "pool-other", State: Outdated, Nodes: 2},
		{Name: "pool-missing", State: Broken, Problem: "pool-missing-b is missing", Nodes: 1},
		{Name: "pool-running", State: Broken, Problem: "pool-running-b is running", Nodes: 2},
		{Name: "pool-older", State: Outdated, Nodes: 2},
		{Name: "pool-young", State: Ready, Nodes: 2},
	}
	if diff := cmp.Diff(want, found, cmpopts.IgnoreUnexported(Entry{}), cmpopts.IgnoreFields(Entry{}, "Created", "Frozen", "Version", "Memory")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSort(t *testing.T) {
	a, b, c := Entry{Name: "a", State: Ready}, Entry{Name: "b", State: Broken}, Entry{Name: "c", State: Ready}
	for name, tt := range map[string]struct {
		entries []Entry
		size    int
		useless []Entry
		missing int
	}{
		"empty":                 {nil, 2, nil, 2},
		"full":                  {[]Entry{a, c}, 2, nil, 0},
		"one is broken":         {[]Entry{a, b}, 2, []Entry{b}, 1},
		"one too many":          {[]Entry{a, b, c}, 1, []Entry{b, c}, 0},
		"all is of another one": {[]Entry{{State: Outdated}}, 1, []Entry{{State: Outdated}}, 1},
	} {
		useless, missing := sort(tt.entries, tt.size)
		if diff := cmp.Diff(tt.useless, useless, cmpopts.IgnoreUnexported(Entry{})); diff != "" || missing != tt.missing {
			t.Errorf("%s: %d are missing, want %d; to go (-want +got):\n%s", name, missing, tt.missing, diff)
		}
	}
}
