package probe

import "fmt"

// ManyNodes is up to how many nodes everything is tried from each to each. What
// that takes grows with the square of their number, a check's time does not.
const ManyNodes = 10

// SampleNote describes checks that use Pairs.
var SampleNote = fmt.Sprintf("With more than %d nodes, a sample of the pairs is tested; the evidence lists it.", ManyNodes)

// Pairs are the ways from every node to every node, itself included, for
// probes in the order of their nodes. Beyond manyNodes they lead from each to
// itself and to those that come 1, 2, 4, 8 and so on places after it: every node
// is then a source and a target equally often.
func Pairs(from, to []Probe) (pairs []Pair) {
	for i, source := range from {
		for _, offset := range Offsets(len(to)) {
			pairs = append(pairs, Pair{source, to[(i+offset)%len(to)]})
		}
	}
	return pairs
}

// Offsets are how many places after a node, of so many, those are that it is paired with.
func Offsets(nodes int) (places []int) {
	step := func(place int) int { return place + 1 }
	if nodes > ManyNodes {
		step = func(place int) int { return max(1, 2*place) }
	}
	for place := 0; place < nodes; place = step(place) {
		places = append(places, place)
	}
	return places
}

// Pair is a connection to try, and wanted what should become of it.
type Pair struct{ From, To Probe }

// ParallelDials bounds the dials of one check that are under way.
const ParallelDials = 12
