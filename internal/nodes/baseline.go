package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// baseline is the verdict on the cluster before nodes are added, to find out whether they
// broke what fails afterward. A quick verification runs while the containers are created,
// and takes no time of its own. Of the checks that it leaves out, only those that fail
// afterward are run again, without the new nodes.
type baseline struct {
	done   chan struct{}
	report verify.Report
}

// verifyBefore starts the quick verification of the cluster as it is.
func (s *runningCluster) verifyBefore(ctx context.Context) {
	c := &baseline{done: make(chan struct{})}
	s.baseline = c
	go func() {
		defer close(c.done)
		checks, err := s.Checks(s.before)
		if err != nil {
			return // the verification at the end meets the same
		}
		quick := slices.DeleteFunc(checks, func(check verify.Check) bool { return check.Slow })
		target := verify.NewTarget(s.client, s.before)
		target.Containerd = health.ReadContainerd(s.cluster())
		c.report, _ = verify.RunAndClose(ctx, target, withReachableNeeds(quick), verify.RunOptions{})
	}()
}

// withReachableNeeds drops needs on checks that are not in the list.
func withReachableNeeds(checks []verify.Check) []verify.Check {
	kept := slices.Clone(checks)
	for i := range kept {
		kept[i].Needs = slices.DeleteFunc(slices.Clone(kept[i].Needs), func(need string) bool {
			return !slices.ContainsFunc(checks, func(check verify.Check) bool { return check.ID == need })
		})
	}
	return kept
}

// awaitBaseline waits for the quick verification to end: what comes next would change its
// results.
func (s *runningCluster) awaitBaseline(ctx context.Context) error {
	if s.baseline == nil {
		return nil
	}
	select {
	case <-s.baseline.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// toleratePreexisting turns the failures that were there before the nodes into warnings.
func (s *runningCluster) toleratePreexisting(ctx context.Context, nodes []string) error {
	red := failing(s.report)
	if s.baseline == nil || len(red) == 0 {
		return nil
	}
	if err := s.awaitBaseline(ctx); err != nil {
		return err
	}
	before := failing(s.baseline.report)
	var unknown []string
	for _, id := range red {
		seen := slices.ContainsFunc(s.baseline.report.Results, func(r verify.Result) bool { return r.ID == id && r.Outcome != verify.Blocked })
		if !seen {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		without, err := s.verifyWithout(ctx, nodes, unknown)
		if err != nil {
			return err
		}
		before = append(before, failing(without)...)
	}
	for i, result := range s.report.Results {
		if slices.Contains(red, result.ID) && slices.Contains(before, result.ID) {
			s.report.Results[i].Outcome = verify.Warn
			s.report.Results[i].Cause = "it was so before: " + result.Cause
			event.Warn(s.Sink, event.Phase, "verify", result.ID+" failed before too: "+result.Cause, result.Hint)
		}
	}
	return nil
}

// verifyWithout runs checks, and leaves the nodes out as if they were not there.
func (s *runningCluster) verifyWithout(ctx context.Context, nodes, ids []string) (verify.Report, error) {
	all, err := s.Checks(s.before)
	if err != nil {
		return verify.Report{}, err
	}
	checks := slices.DeleteFunc(all, func(check verify.Check) bool { return !slices.Contains(ids, check.ID) })
	event.Inform(s.Sink, event.Phase, "verify", fmt.Sprintf("checking without %s: %s", strings.Join(nodes, ", "), strings.Join(ids, ", ")))
	target := verify.NewTarget(s.client, s.before)
	target.Without, target.Containerd = nodes, health.ReadContainerd(s.cluster())
	report, _ := verify.RunAndClose(ctx, target, withReachableNeeds(checks), verify.RunOptions{})
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	return report, nil
}

// failing are the IDs of the checks that failed or could not be observed.
func failing(report verify.Report) (ids []string) {
	for _, result := range report.Results {
		if result.Outcome == verify.Fail || result.Outcome == verify.Error {
			ids = append(ids, result.ID)
		}
	}
	return ids
}
