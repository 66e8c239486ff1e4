package nodes

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestToleratePreexisting compares the verdicts on a cluster with those before a node was added.
func TestToleratePreexisting(t *testing.T) {
	report := func(results ...verify.Result) verify.Report { return verify.Report{Results: results} }
	fail := func(id string) verify.Result {
		return verify.Result{ID: id, Outcome: verify.Fail, Cause: id + " is broken"}
	}
	pass := func(id string) verify.Result { return verify.Result{ID: id, Outcome: verify.Pass} }
	slow := func(broken bool) func(verify.Expectation) ([]verify.Check, error) {
		return func(verify.Expectation) ([]verify.Check, error) {
			return []verify.Check{
				{ID: "a.slow", Slow: true, Needs: []string{"a.quick"}, Hint: "look", Timeout: 10 * time.Millisecond, Run: tries(broken)},
				{ID: "a.quick", Hint: "look", Run: tries(false)},
			}, nil
		}
	}
	tests := map[string]struct {
		before, after verify.Report
		checks        func(verify.Expectation) ([]verify.Check, error)
		passes        bool
	}{
		"red before":              {report(fail("a.quick")), report(fail("a.quick")), slow(false), true},
		"green before":            {report(pass("a.quick")), report(fail("a.quick")), slow(false), false},
		"red without the node":    {report(pass("a.quick")), report(pass("a.quick"), fail("a.slow")), slow(true), true},
		"green without the node":  {report(pass("a.quick")), report(pass("a.quick"), fail("a.slow")), slow(false), false},
		"one of two by the nodes": {report(fail("a.quick")), report(fail("a.quick"), fail("a.slow")), slow(false), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			close(done)
			s := &runningCluster{Config: Config{Checks: test.checks, Sink: event.Discard}, client: &kube.Client{Clientset: fake.NewClientset()},
				baseline: &baseline{done: done, report: test.before}, report: test.after}
			if err := s.toleratePreexisting(t.Context(), []string{"w2"}); err != nil {
				t.Fatal(err)
			}
			s.report.Results = append(s.report.Results, pass("another"))
			if s.report.Passed() != test.passes {
				t.Errorf("passed %v: %+v", s.report.Passed(), s.report.Results)
			}
		})
	}
}

// tries is a check that fails, or does not.
func tries(broken bool) func(context.Context, *verify.Target) (verify.Evidence, error) {
	return func(context.Context, *verify.Target) (verify.Evidence, error) {
		if broken {
			return nil, verify.Final(errors.New("broken"))
		}
		return nil, nil
	}
}
