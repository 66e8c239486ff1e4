package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// How long an engine may take to follow a change of policy, and how often it is
// looked at: nothing announces that packets are handled anew.
const (
	settleTime  = 8 * time.Second
	settlePause = 200 * time.Millisecond
)

// pair is a connection to try, and wanted what should become of it.
type pair struct{ from, to Probe }

type wanted struct {
	pair
	sight
}

func wish(want sight, pairs []pair) (wishes []wanted) {
	for _, p := range pairs {
		wishes = append(wishes, wanted{p, want})
	}
	return wishes
}

// settle tries until every wish has come true once, and returns how long that
// took. A round is never cut short, so that what it saw is told.
func settle(ctx context.Context, field policyField, wishes []wanted) (time.Duration, error) {
	begun := time.Now()
	for {
		unmet, err := try(ctx, field, brief, brief, wishes)
		took := time.Since(begun)
		switch {
		case err != nil:
			return took, err
		case len(unmet) == 0:
			return took.Round(10 * time.Millisecond), nil
		case took > settleTime:
			return took, last(disappointed(unmet))
		}
		wishes = nil
		for _, w := range unmet {
			wishes = append(wishes, w.wanted)
		}
		select {
		case <-time.After(settlePause):
		case <-ctx.Done():
			return took, disappointed(unmet)
		}
	}
}

// expect tries every wish once. A connection that is to reach its pod has more
// time than one that is to time out: a busy machine is no policy.
func expect(ctx context.Context, field policyField, patience time.Duration, wishes ...[]wanted) error {
	unmet, err := try(ctx, field, patience, unhurried, slices.Concat(wishes...))
	if err != nil {
		return err
	}
	return disappointed(unmet)
}

type unmet struct {
	wanted
	got sight
}

// disappointment are the wishes that did not come true.
type disappointment []unmet

func disappointed(wishes []unmet) error {
	if len(wishes) == 0 {
		return nil
	}
	return disappointment(wishes)
}

func (d disappointment) Error() string {
	var broken []string
	for _, w := range d {
		broken = append(broken, fmt.Sprintf("%s on %s -> %s on %s (%s:%d): %s, want: %s", w.from.Name, w.from.Node, w.to.Name, w.to.Node, w.to.IP, w.to.HTTPPort, w.got, w.sight))
	}
	slices.Sort(broken)
	return strings.Join(broken, "\n")
}

// try connects as the wishes have it, side by side. Those that are to reach their
// pods have a patience of their own.
func try(ctx context.Context, field policyField, patience, reaching time.Duration, wishes []wanted) (disappointments []unmet, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelDials)
	for _, w := range wishes {
		group.Go(func() error {
			limit := patience
			if w.sight == reached {
				limit = reaching
			}
			got, err := field.connect(ctx, w.from, w.to, limit)
			if err != nil {
				return err
			}
			if got != w.sight {
				mu.Lock()
				defer mu.Unlock()
				disappointments = append(disappointments, unmet{w, got})
			}
			return nil
		})
	}
	return disappointments, group.Wait()
}
