package pool

import (
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

const gigabyte = 1 << 30

func TestMemoryOf(t *testing.T) {
	frozen := Entry{State: Outdated, Nodes: 3, Frozen: time.Unix(1, 0)}
	measured := frozen
	measured.Memory = gigabyte
	if got := memoryOf([]Entry{frozen, measured, {State: Unfinished, Nodes: 3}}); got != 3*frozenNode+gigabyte {
		t.Errorf("a frozen cluster of three nodes and one of 1 GB keep %d bytes, want %d", got, 3*frozenNode+gigabyte)
	}
}

func TestRoomFor(t *testing.T) {
	measured := func(state State, memory int64) Entry { return Entry{State: state, Nodes: 3, Memory: memory} }
	for name, tt := range map[string]struct {
		entries   []Entry
		available int64
		want      Room
	}{
		"an estimate":          {nil, 5 * gigabyte, Room{3 * frozenNode, false, 2}},
		"not enough for one":   {nil, 3 * gigabyte, Room{3 * frozenNode, false, 0}},
		"not known":            {nil, 0, Room{3 * frozenNode, false, -1}},
		"as measured":          {[]Entry{measured(Ready, gigabyte), measured(Ready, 2*gigabyte)}, 8 * gigabyte, Room{3 * gigabyte / 2, true, 4}},
		"others do not count":  {[]Entry{measured(Outdated, gigabyte)}, 5 * gigabyte, Room{3 * frozenNode, false, 2}},
		"one was not measured": {[]Entry{measured(Ready, 0), measured(Ready, gigabyte)}, 5 * gigabyte, Room{gigabyte, true, 2}},
	} {
		if got := RoomFor(3, tt.entries, tt.available); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestEnoughMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		available      int64
		workers, ready int
		clusters       int
		advice         string // "" is enough
	}{
		"one of three nodes":   {4 * gigabyte, 2, 0, 1, ""},
		"two of three nodes":   {4 * gigabyte, 2, 0, 2, "--size 1, with"},
		"two beside one":       {4 * gigabyte, 2, 1, 2, "--size 2, with"},
		"two with more memory": {5 * gigabyte, 2, 0, 2, ""},
		"one of one":           {2 * gigabyte, 0, 0, 1, "--size 1 --workers 0"},
		"not known":            {0, 2, 0, 9, ""},
	} {
		d := definition(t, tt.ready+tt.clusters, "calico")
		d.Topology.Workers = tt.workers
		entries := make([]Entry, tt.ready)
		for i := range entries {
			entries[i] = Entry{State: Ready}
		}
		err := enoughMemory(tt.available, d, entries, tt.clusters)
		if (err == nil) != (tt.advice == "") || !strings.Contains(hint.AdviceOf(err), tt.advice) {
			t.Errorf("%s: %v, hint: %s", name, err, hint.AdviceOf(err))
		}
	}
}
