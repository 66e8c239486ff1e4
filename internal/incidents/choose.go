package incidents

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Choice says which incidents a break may choose, and how many.
type Choice struct {
	// Only are IDs; none means all.
	Only []string
	// Levels are those wanted; none means all.
	Levels []faults.Level
	// Count is how many at once.
	Count int
	// Seed decides which, among those that fit.
	Seed uint64
}

// choose returns incidents that fit a cluster and do not hide each other. The same choice
// on a cluster of the same shape comes to the same incidents.
func choose(choice Choice, expect verify.Expectation, checks []verify.Check) ([]faults.Fault, error) {
	pool, err := candidates(choice, expect)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(choice.Seed, choice.Seed)) //nolint:gosec // it must be repeatable
	random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	before := transitive(checks)
	var chosen []faults.Fault
	for _, f := range pool {
		if len(chosen) == choice.Count {
			break
		}
		if !slices.ContainsFunc(chosen, func(other faults.Fault) bool { return hides(before, f, other) }) {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) < choice.Count {
		return nil, hint.NoIncident.New(fmt.Sprintf("of the %d incidents that fit, %d at most can be there at once without hiding each other, not %d",
			len(pool), len(chosen), choice.Count), "ask for fewer, or leave --level or --only out")
	}
	return chosen, nil
}

// candidates are the incidents to choose from, in the order of their IDs.
func candidates(choice Choice, expect verify.Expectation) (pool []faults.Fault, err error) {
	incidents := faults.Incidents()
	for _, id := range choice.Only {
		f, known := faults.Find(id)
		if !known {
			var ids []string
			for _, f := range incidents {
				ids = append(ids, f.ID)
			}
			return nil, hint.IncidentUnknown.New(fmt.Sprintf("there is no incident %q%s", id, hint.Nearest(id, ids)), "list them: kindctl break list --all")
		}
		if why := f.Needs.Unmet(expect); why != "" {
			return nil, hint.NoIncident.New(fmt.Sprintf("incident %s does not fit this cluster: it takes %s", id, why), "list those that fit: kindctl break list")
		}
	}
	for _, f := range incidents {
		named := len(choice.Only) == 0 || slices.Contains(choice.Only, f.ID)
		if named && (len(choice.Levels) == 0 || slices.Contains(choice.Levels, f.Story.Level)) && f.Needs.Unmet(expect) == "" {
			pool = append(pool, f)
		}
	}
	slices.SortFunc(pool, func(a, b faults.Fault) int { return strings.Compare(a.ID, b.ID) })
	if len(pool) == 0 {
		return nil, hint.NoIncident.New("no incident of that level fits this cluster", "list those that fit: kindctl break list")
	}
	return pool, nil
}

// transitive is, for each check, all that have to pass before it.
func transitive(checks []verify.Check) map[string]map[string]bool {
	needs := map[string][]string{}
	for _, check := range checks {
		needs[check.ID] = check.Needs
	}
	all := map[string]map[string]bool{}
	var follow func(string) map[string]bool
	follow = func(id string) map[string]bool {
		if found, done := all[id]; done {
			return found
		}
		found := map[string]bool{}
		for _, need := range needs[id] {
			found[need] = true
			for further := range follow(need) {
				found[further] = true
			}
		}
		all[id] = found
		return found
	}
	for id := range needs {
		follow(id)
	}
	return all
}

// hides reports whether of two incidents one would hide the other, because its check comes
// before that of the other, or they break the same part.
func hides(before map[string]map[string]bool, a, b faults.Fault) bool {
	return a.Part() == b.Part() || before[a.Check][b.Check] || before[b.Check][a.Check]
}
