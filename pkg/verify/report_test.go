package verify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestReportErr(t *testing.T) {
	result := func(id string, outcome Outcome) Result {
		return Result{ID: id, Outcome: outcome, Cause: id + " is broken", Hint: "mend " + id}
	}
	tests := map[string]struct {
		results []Result
		code    hint.Code
		message string
		advice  string
	}{
		"all good":              {[]Result{result("a", Pass), result("b", Skip), result("c", Warn)}, hint.OK, "", ""},
		"one failed":            {[]Result{result("a", Pass), result("b", Fail), result("c", Blocked)}, hint.Verification, "b: b is broken", "b: mend b"},
		"failed before error":   {[]Result{result("a", Error), result("b", Fail)}, hint.Verification, "b: b is broken", "b: mend b"},
		"two failed":            {[]Result{result("a", Fail), result("b", Fail)}, hint.Verification, "a: a is broken\nb: b is broken", "a: mend a\nb: mend b"},
		"inconclusive":          {[]Result{result("a", Pass), result("b", Error)}, hint.Internal, "b: b is broken", "b: mend b"},
		"nothing was proven":    {[]Result{result("a", Skip)}, hint.Internal, "no check could be run", "look at the cluster: kubectl get nodes"},
		"there were no results": {nil, hint.Internal, "no check could be run", "look at the cluster: kubectl get nodes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := Report{Results: test.results}
			err := report.Err()
			if hint.CodeOf(err) != test.code || hint.AdviceOf(err) != test.advice || (err != nil && err.Error() != test.message) {
				t.Errorf("got code %d, %v, %q", hint.CodeOf(err), err, hint.AdviceOf(err))
			}
			if report.Passed() != (err == nil) {
				t.Errorf("Passed is %v, Err is %v", report.Passed(), err)
			}
		})
	}
}

func TestReportJSON(t *testing.T) {
	report := Report{
		Cluster: "lab", RunID: "abcdefgh", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Duration: 1500 * time.Millisecond,
		Results: []Result{
			{ID: "a", Title: "A works", Group: "letters", Outcome: Pass, Evidence: Evidence{"seen"}, Attempts: 1, Duration: time.Second},
			{ID: "b", Title: "B works", Group: "letters", Outcome: Fail, Cause: "b is broken", Hint: "mend b", Attempts: 3, Duration: time.Second},
			{ID: "c", Title: "C works", Group: "letters", Outcome: Skip, Cause: "one node"},
		},
	}
	got, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.json", append(got, '\n'))
}
