package verify

import (
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Report is the verdict on a cluster.
type Report struct {
	Cluster  string        `json:"cluster,omitempty"`
	RunID    string        `json:"runID"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"durationNanoseconds"`
	// Discovered says that the expected counts came from the cluster itself.
	Discovered bool `json:"discovered"`
	// FakeNodes are those that no kubelet runs, which were left out.
	FakeNodes []string `json:"fakeNodes,omitempty"`
	Results   []Result `json:"results"`
}

// SchemaVersion is that of docs/report.schema.json. It grows when a property
// goes or changes its meaning; new properties keep it.
const SchemaVersion = 1

// Document is a Report as docs/report.schema.json describes it, for machines.
type Document struct {
	SchemaVersion int  `json:"schemaVersion"`
	Passed        bool `json:"passed"`
	Report
}

// Document returns the report for machines.
func (r Report) Document() Document { return Document{SchemaVersion, r.Passed(), r} }

// Count returns how many checks had the outcome.
func (r Report) Count(outcome Outcome) int { return len(r.with(outcome)) }

func (r Report) with(outcomes ...Outcome) (results []Result) {
	for _, result := range r.Results {
		for _, outcome := range outcomes {
			if result.Outcome == outcome {
				results = append(results, result)
			}
		}
	}
	return results
}

// Passed reports whether the cluster is proven to work, with nothing worse than
// warnings.
func (r Report) Passed() bool { return len(r.with(Fail, Error)) == 0 && len(r.with(Pass, Warn)) > 0 }

// words call the outcomes in sentences.
var words = map[Outcome]string{
	Pass: "passed", Fail: "failed", Error: "inconclusive", Blocked: "blocked", Warn: "warned", Skip: "skipped",
}

// Counts says in words how many checks had each of the outcomes: "3 failed". Those that
// no check had are left out.
func (r Report) Counts(outcomes ...Outcome) (counts []string) {
	for _, outcome := range outcomes {
		if n := r.Count(outcome); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, words[outcome]))
		}
	}
	return counts
}

// tally counts the checks that failed, and apart from them those that a failure kept
// from running.
func (r Report) tally() string {
	counts := r.Counts(Fail, Error, Blocked)
	if len(counts) == 0 {
		counts = []string{"none passed"}
	}
	return fmt.Sprintf("%s of %d checks", strings.Join(counts, ", "), len(r.Results))
}

// Err returns nil when the cluster is proven to work, an error with the exit
// code Verification when a check failed, and one with Internal when nothing
// failed but something could not be observed. It names the checks.
func (r Report) Err() error {
	if r.Passed() {
		return nil
	}
	bad, reason := r.with(Fail), hint.VerificationFailed
	if len(bad) == 0 {
		bad, reason = r.with(Error), hint.VerificationInconclusive
	}
	if len(bad) == 0 {
		return reason.New("no check could be run", "look at the cluster: kubectl get nodes")
	}
	causes, advice := make([]string, len(bad)), make([]string, len(bad))
	for i, result := range bad {
		causes[i] = fmt.Sprintf("%s: %s", result.ID, result.Cause)
		advice[i] = fmt.Sprintf("%s: %s", result.ID, result.Hint)
	}
	return reason.New(strings.Join(causes, "\n"), strings.Join(advice, "\n"))
}
