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
// looked at: nothing announces that packets are handled anew.
const (
	policyTime  = 8 * time.Second
	policyPause = 200 * time.Millisecond
)

type expectation struct {
	probe.Pair
	connResult
}

func expecting(want connResult, pairs []probe.Pair) (wishes []expectation) {
	for _, p := range pairs {
		wishes = append(wishes, expectation{p, want})
	}
	return wishes
}

// waitForPolicy tries until every wish has come true once, and returns how long that
// took. A round is never cut short, so that what it saw is told.
func waitForPolicy(ctx context.Context, field policyEngine, wishes []expectation) (time.Duration, error) {
	begun := time.Now()
	for {
		unmet, err := connectAll(ctx, field, brief, brief, wishes)
		took := time.Since(begun)
		switch {
		case err != nil:
			return took, err
		case len(unmet) == 0:
			return took.Round(10 * time.Millisecond), nil
		case took > policyTime:
			return took, last(mismatched(unmet))
		}
		wishes = nil
		for _, w := range unmet {
			wishes = append(wishes, w.expectation)
		}
		select {
		case <-time.After(policyPause):
		case <-ctx.Done():
			return took, mismatched(unmet)
		}
	}
}

// expect tries every wish once. A connection that is to reach its pod has more
// time than one that is to time out: a busy machine is no policy.
func expect(ctx context.Context, field policyEngine, patience time.Duration, wishes ...[]expectation) error {
	unmet, err := connectAll(ctx, field, patience, unhurried, slices.Concat(wishes...))
	if err != nil {
		return err
	}
	return mismatched(unmet)
}

type mismatch struct {
	expectation
	got connResult
}

// mismatches are the wishes that did not come true.
type mismatches []mismatch

func mismatched(wishes []mismatch) error {
	if len(wishes) == 0 {
		return nil
	}
	return mismatches(wishes)
}

func (d mismatches) Error() string {
	var broken []string
	for _, w := range d {
		broken = append(broken, fmt.Sprintf("%s on %s -> %s on %s (%s:%d): %s, want: %s", w.From.Name, w.From.Node, w.To.Name, w.To.Node, w.To.IP, w.To.HTTPPort, w.got, w.connResult))
	}
	slices.Sort(broken)
	return strings.Join(broken, "\n")
}

// connectAll connects as the wishes have it, side by side. Those that are to reach their
// pods have a patience of their own.
func connectAll(
	ctx context.Context,
	field policyEngine,
	patience, reaching time.Duration,
	wishes []expectation,
) (disappointments []mismatch, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(probe.ParallelDials)
	for _, w := range wishes {
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
				disappointments = append(disappointments, mismatch{w, got})
			}
			return nil
		})
	}
	return disappointments, group.Wait()
}
