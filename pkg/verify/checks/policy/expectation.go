package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// How long an engine may take to follow a change of policy, and how often it is
// looked at: nothing announces that packets are handled differently.
const (
	policyTime  = 8 * time.Second
	policyPause = 200 * time.Millisecond
)

type expectation struct {
	probe.Pair
	connResult
}

func expecting(want connResult, pairs []probe.Pair) (expectations []expectation) {
	for _, p := range pairs {
		expectations = append(expectations, expectation{p, want})
	}
	return expectations
}

// waitForPolicy tries until every expectation has been met once, and returns how long that
// took. A round is never cut short, so that what it saw is told.
func waitForPolicy(ctx context.Context, field policyEngine, expectations []expectation) (time.Duration, error) {
	begun := time.Now()
	for {
		unmet, err := connectAll(ctx, field, brief, brief, expectations)
		took := time.Since(begun)
		switch {
		case err != nil:
			return took, err
		case len(unmet) == 0:
			return took.Round(10 * time.Millisecond), nil
		case took > policyTime:
			return took, last(mismatched(unmet))
		}
		expectations = nil
		for _, w := range unmet {
			expectations = append(expectations, w.expectation)
		}
		select {
		case <-time.After(policyPause):
		case <-ctx.Done():
			return took, mismatched(unmet)
		}
	}
}

// expect tries every expectation once. A connection that is to reach its pod has more
// time than one that is to time out: a busy machine is no policy.
func expect(ctx context.Context, field policyEngine, patience time.Duration, expectations ...[]expectation) error {
	unmet, err := connectAll(ctx, field, patience, unhurried, slices.Concat(expectations...))
	if err != nil {
		return err
	}
	return mismatched(unmet)
}

type mismatch struct {
	expectation
	got connResult
}

// mismatches are the expectations that were not met.
type mismatches []mismatch

func mismatched(expectations []mismatch) error {
	if len(expectations) == 0 {
		return nil
	}
	return mismatches(expectations)
}

func (d mismatches) Error() string {
	var broken []string
	for _, w := range d {
		broken = append(broken, fmt.Sprintf("%s on %s -> %s on %s (%s:%d): %s, want: %s", w.From.Name, w.From.Node, w.To.Name, w.To.Node, w.To.IP, w.To.HTTPPort, w.got, w.connResult))
	}
	slices.Sort(broken)
	return strings.Join(broken, "\n")
}

// connectAll connects as the expectations have it, side by side. Those that are to reach their
// pods have a patience of their own.
func connectAll(
	ctx context.Context, field policyEngine, patience, reaching time.Duration, expectations []expectation,
) (unmet []mismatch, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(probe.ParallelDials)
	for _, w := range expectations {
		group.Go(func() error {
			limit := patience
			if w.connResult == reached {
				limit = reaching
			}
			got, err := field.connect(ctx, w.From, w.To, limit)
			if err != nil {
				return err
			}
			if got != w.connResult {
				mu.Lock()
				defer mu.Unlock()
				unmet = append(unmet, mismatch{w, got})
			}
			return nil
		})
	}
	return unmet, group.Wait()
}
