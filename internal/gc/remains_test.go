package gc

import (
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
)

func TestOwns(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // by Docker's clock, an hour ahead
	seen := since.Add(-time.Hour).Add(30 * time.Second)
	run := &runs.Killed{Entry: runs.Entry{Run: "mine", Creation: &runs.Creation{Since: since, Ahead: time.Hour}}, Seen: seen}
	marked := func(id string) *provider.Node {
		return &provider.Node{Metadata: &provider.Metadata{Run: id}, Created: since.Add(-time.Hour)}
	}
	at := func(after time.Duration) *provider.Node { return &provider.Node{Created: since.Add(after)} }
	early := &runs.Killed{Entry: runs.Entry{Run: "mine"}, Seen: seen}
	for name, tt := range map[string]struct {
		run        *runs.Killed
		containers []*provider.Node
		want       ownership
	}{
		"nothing":                               {run, nil, ours},
		"nothing, of a run that made nothing":   {early, nil, ours},
		"marked by the run":                     {run, []*provider.Node{marked("mine"), marked("mine")}, ours},
		"marked by another run":                 {run, []*provider.Node{marked("theirs")}, others},
		"marked by an older kindctl":            {run, []*provider.Node{marked("")}, others},
		"not all marked yet":                    {run, []*provider.Node{marked("mine"), at(time.Second)}, ours},
		"none marked, as the run began":         {run, []*provider.Node{at(0)}, ours},
		"none marked, as it was killed":         {run, []*provider.Node{at(40 * time.Second)}, ours},
		"none marked, before it":                {run, []*provider.Node{at(-time.Second)}, unclear},
		"none marked, long after it was killed": {run, []*provider.Node{at(time.Minute)}, unclear},
		"a cluster of before, one comes later":  {run, []*provider.Node{at(time.Second), at(-time.Second)}, unclear},
		"a cluster that the run only looked at": {early, []*provider.Node{at(time.Second)}, others},
	} {
		if got := ownershipOf(tt.run, provider.Inventory{Nodes: tt.containers}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
