package verify

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPairsOf: up to ten nodes all are paired with all; beyond, every node is a
// source and a target equally often, and meets itself.
func TestPairsOf(t *testing.T) {
	for nodes, peers := range map[int]int{1: 1, 2: 2, 10: 10, 11: 5, 16: 5, 17: 6, 100: 8} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			var names []string
			for i := range nodes {
				names = append(names, fmt.Sprintf("n%03d", i))
			}
			from, to, seen := map[string]int{}, map[string]int{}, map[string]bool{}
			for _, p := range pairsOf(probesOn("probe-", names...), probesOn("host-", names...)) {
				from[p.from.Node]++
				to[p.to.Node]++
				seen[p.from.Node+p.to.Node] = true
			}
			if len(seen) != nodes*peers {
				t.Errorf("%d different pairs, want %d", len(seen), nodes*peers)
			}
			for _, name := range names {
				if from[name] != peers || to[name] != peers || !seen[name+name] {
					t.Errorf("%s is %d times a source and %d times a target, want %d; meets itself: %v", name, from[name], to[name], peers, seen[name+name])
				}
			}
		})
	}
}

// TestManyNodes: what is tried grows slowly, and the evidence says what was left out.
func TestManyNodes(t *testing.T) {
	const nodes = 12
	var names map[string]string
	var dials atomic.Int32
	direct := func(_ string, query url.Values) (reply, error) {
		dials.Add(1)
		return reply{Responses: []string{names[query.Get("host")]}}, nil
	}
	var target *Target
	target, names = networkedOn(nodes, direct)
	evidence, err := podsReachEachOther(t.Context(), target)
	if want := int32(nodes * 5 * 2); err != nil || dials.Load() != want || evidence[0] != "a sample: from each of 12 nodes to 4 others" {
		t.Errorf("%d dials, want %d; %v, %q", dials.Load(), want, err, evidence)
	}
}

// TestSpreadOverManyNodes: each endpoint must have answered some node, and nobody
// else any.
func TestSpreadOverManyNodes(t *testing.T) {
	const nodes = 12
	tests := map[string]struct {
		answers func(pod string) []string
		want    string
	}{
		"each answers two":   {func(pod string) []string { return []string{pod, "probe-w1"} }, ""},
		"one answers nobody": {func(string) []string { return []string{"probe-w1", "probe-w2"} }, "probe-w9 never answered in 130 connections from each of 12 nodes"},
		"a stranger does":    {func(pod string) []string { return []string{pod, "nginx"} }, `"nginx" answered`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var tries []string
			target, _ := networkedOn(nodes, func(pod string, query url.Values) (reply, error) {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, query.Get("tries"))
				return reply{Responses: test.answers(pod)}, nil
			})
			allotting(target, "10.96.0.9")
			evidence, err := serviceSpreads(t.Context(), target)
			wantErr(t, err, test.want)
			if err == nil && !strings.HasPrefix(evidence[0], "a sample: in 130 connections from each of 12 nodes") {
				t.Errorf("evidence %q", evidence)
			}
			if len(tries) != nodes || slices.ContainsFunc(tries, func(n string) bool { return n != "130" }) {
				t.Errorf("tries %q", tries)
			}
		})
	}
}

// TestEachIsBounded: a hundred nodes are not asked in one moment, and all of them are.
func TestEachIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var most int32
		var under, all atomic.Int32
		evidence, err := Each(make([]int, 100), nil, func(int) (string, error) {
			defer under.Add(-1)
			under.Add(1)
			time.Sleep(time.Second) // in which all that may have begun
			mu.Lock()
			most = max(most, under.Load())
			mu.Unlock()
			time.Sleep(time.Second)
			all.Add(1)
			return "seen", context.Cause(t.Context())
		})
		if most != parallelLooks || all.Load() != 100 || len(evidence) != 100 || err != nil {
			t.Errorf("%d at once, %d in all, %d lines, %v", most, all.Load(), len(evidence), err)
		}
	})
}
