package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// JUnit writes a story as JUnit XML: a suite for the phases of the command, and
// one for each component with a case for each check, or, where nodes have verdicts
// of their own, CHECK@NODE for each node. FAIL is a failure, ERROR
// an error, SKIP and BLOCKED are skipped with their cause; a WARN passes and is
// told in the suite's output. The file satisfies both Ant's schema and that of
// Jenkins' xUnit plugin, which agree on less than the library can write:
// testsuites has no attributes, cases have no output, times have no zone.
func JUnit(out io.Writer, s CommandResult) error {
	suites := &junit.Testsuites{}
	add := func(suite junit.Testsuite) {
		if len(suite.Testcases) == 0 {
			return
		}
		suite.ID = len(suites.Suites)
		suites.Suites = append(suites.Suites, suite)
	}
	phases := s.phases()
	red := phases.Failures+phases.Errors > 0
	var components []junit.Testsuite
	for _, group := range groups(s.Report.Results, func(r verify.Result) string { return r.Group }) {
		suite := s.component(group)
		red = red || suite.Failures+suite.Errors > 0
		components = append(components, suite)
	}
	if s.Err != nil && !red { // a failed command never leaves a green file
		phases.AddTestcase(failed(s.Command, phases.Name, "ERROR", s.Err.Error(), errorInfoOf(s.Err).Hint, 0))
	}
	add(phases)
	for _, suite := range components {
		add(suite)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	return suites.WriteXML(out)
}

// phases is the suite of what the command did beside verifying.
func (s CommandResult) phases() junit.Testsuite {
	suite := s.suite(s.Command, s.Started)
	var total time.Duration
	for _, step := range s.steps() {
		if s.verified(step) {
			continue
		}
		total += step.took
		result := junit.Testcase{Name: step.id, Classname: suite.Name, Time: seconds(step.took)}
		switch step.kind {
		case event.Failed:
			result = failed(step.id, suite.Name, "FAIL", step.message, step.hint, step.took)
		case event.Skipped:
			result.Skipped = &junit.Result{Message: legal(step.message)}
		}
		suite.AddTestcase(result)
	}
	suite.Time = seconds(total)
	return suite
}

// component is the suite of one group of checks. Checks run side by side, so
// its time is from the beginning of the first to the end of the last.
func (s CommandResult) component(group string) junit.Testsuite {
	results := slices.DeleteFunc(slices.Clone(s.Report.Results), func(r verify.Result) bool { return r.Group != group })
	var first, last time.Time
	for _, r := range results {
		if r.Started.IsZero() {
			continue
		}
		if first.IsZero() || r.Started.Before(first) {
			first = r.Started
		}
		if end := r.Started.Add(r.Duration); end.After(last) {
			last = end
		}
	}
	began := first
	if began.IsZero() {
		began = s.Report.Started
	}
	suite := s.suite(group, began)
	suite.Time = seconds(last.Sub(first))
	for _, r := range results {
		for _, single := range singles(r) {
			suite.AddTestcase(testcase(single, suite.Name))
		}
		if r.Outcome == verify.Warn {
			suite.SystemOut.Data += legal(fmt.Sprintf("WARN %s: %s\nhint: %s\n", r.ID, r.Cause, r.Hint))
		}
	}
	return suite
}

// suite is an empty suite with what schemas want of each.
func (s CommandResult) suite(name string, began time.Time) junit.Testsuite {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost" // as Ant's schema has it
	}
	suite := junit.Testsuite{
		Name: "kindctl." + name, Package: "kindctl", Hostname: host, Timestamp: began.UTC().Format("2006-01-02T15:04:05"), Time: seconds(0),
		Properties: &[]junit.Property{}, SystemOut: &junit.Output{}, SystemErr: &junit.Output{},
	}
	suite.AddProperty("cluster", legal(s.Report.Cluster))
	if s.Report.RunID != "" {
		suite.AddProperty("run", legal(s.Report.RunID))
	}
	return suite
}

// singles are the verdicts of a check on single nodes, or the one that it has. As
// nodes are looked at side by side, each takes all the time of the check.
func singles(r verify.Result) []verify.Result {
	if len(r.Nodes) == 0 {
		return []verify.Result{r}
	}
	all := make([]verify.Result, len(r.Nodes))
	for i, on := range r.Nodes {
		all[i] = r
		all[i].Outcome, all[i].Cause = on.Outcome, on.Cause
		if on.Node != "" {
			all[i].ID += "@" + on.Node
		}
	}
	return all
}

func testcase(r verify.Result, class string) junit.Testcase {
	switch r.Outcome {
	case verify.Fail, verify.Error:
		return failed(r.ID, class, string(r.Outcome), r.Cause, r.Hint, r.Duration)
	}
	result := junit.Testcase{Name: r.ID, Classname: class, Time: seconds(r.Duration)}
	if r.Outcome == verify.Skip || r.Outcome == verify.Blocked {
		result.Skipped = &junit.Result{Message: legal(r.Cause)}
	}
	return result
}

// failed is a red case: an error where a check was inconclusive, else a
// failure.
func failed(name, class, outcome, cause, advice string, took time.Duration) junit.Testcase {
	result := junit.Testcase{Name: name, Classname: class, Time: seconds(took)}
	text := cause
	if advice != "" {
		text += "\nhint: " + advice
	}
	detail := &junit.Result{Message: legal(console.FirstLine(cause)), Type: outcome, Data: legal(text)}
	if outcome == string(verify.Error) {
		result.Error = detail
	} else {
		result.Failure = detail
	}
	return result
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

// legal replaces what XML 1.0 cannot hold, such as the escapes of a colored
// log; the encoder does so everywhere but in CDATA.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000:
			return r
		}
		return '\ufffd'
	}, text)
}
