package verify

import (
	"context"
	"fmt"
)

// manyNodes is up to how many nodes everything is tried from each to each. What
// that takes grows with the square of their number, a check's time does not.
const manyNodes = 10

// aSample is what is to be known of the checks that use pairsOf.
var aSample = fmt.Sprintf("Beyond %d nodes it is a sample, which the evidence describes.", manyNodes)

// pairsOf are the ways from every node to every node, itself included, for
// probes in the order of their nodes. Beyond manyNodes they lead from each to
// itself and to those that come 1, 2, 4, 8 and so on places after it: every node
// is then a source and a target equally often.
func pairsOf(from, to []Probe) (pairs []pair) {
	for i, source := range from {
		for _, offset := range offsets(len(to)) {
			pairs = append(pairs, pair{source, to[(i+offset)%len(to)]})
		}
	}
	return pairs
}

func offsets(nodes int) (places []int) {
	step := func(place int) int { return place + 1 }
	if nodes > manyNodes {
		step = func(place int) int { return max(1, 2*place) }
	}
	for place := 0; place < nodes; place = step(place) {
		places = append(places, place)
	}
	return places
}

// trySample tries the ways that pairsOf gave, and says how many it left out.
func trySample(ctx context.Context, nodes int, ways []way) (Evidence, error) {
	evidence, err := Judged(tryAll(ctx, ways))
	if nodes > manyNodes {
		sample := fmt.Sprintf("a sample: from each of %d nodes to %d others", nodes, len(offsets(nodes))-1)
		evidence = append(Evidence{sample}, evidence...)
	}
	return evidence, err
}
