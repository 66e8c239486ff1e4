package probe

import (
	"fmt"
	"testing"
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
			var probes []Probe
			for _, name := range names {
				probes = append(probes, Probe{Node: name})
			}
			from, to, seen := map[string]int{}, map[string]int{}, map[string]bool{}
			for _, p := range Pairs(probes, probes) {
				from[p.From.Node]++
				to[p.To.Node]++
				seen[p.From.Node+p.To.Node] = true
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
