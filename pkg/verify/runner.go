package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
)

// RunOptions say how checks are run.
type RunOptions struct {
	// Parallel bounds the checks that run at the same time; 0 means 8, which
	// keeps an API server on two cores calm.
	Parallel int
	// Sink receives an event when a check starts and when it ends.
	Sink event.Sink
	// After is closed when a check may begin; nil, or a nil channel, is at once. A
	// check's time begins with the check.
	After func(Check) <-chan struct{}
}

const defaultParallel = 8

// The pause between attempts grows from the first to the last, doubling.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Run evaluates the target by the checks, which Validate must accept. It returns
// when every check has a verdict; when ctx ends, what has none yet is an Error.
func Run(ctx context.Context, t *Target, checks []Check, options RunOptions) Report {
	if options.Parallel <= 0 {
		options.Parallel = defaultParallel
	}
	if options.Sink == nil {
		options.Sink = event.Discard
	}
	t.Survey(ctx)
	r := &run{
		target:   t,
		sink:     options.Sink,
		after:    options.After,
		places:   make(chan struct{}, options.Parallel),
		verdicts: map[string]*verdict{},
	}
	for _, check := range checks {
		r.verdicts[check.ID] = &verdict{done: make(chan struct{})}
		if check.Prefetch != nil && (check.Skip == nil || check.Skip(t) == "") {
			t.prefetches = append(t.prefetches, check)
		}
	}
	report := Report{RunID: t.RunID, FakeNodes: t.fakes, Started: time.Now(), Results: make([]Result, len(checks))}
	var group sync.WaitGroup
	for i, check := range checks {
		group.Go(func() {
			report.Results[i] = r.evaluate(ctx, check)
			v := r.verdicts[check.ID]
			v.outcome, v.differs = report.Results[i].Outcome, slices.ContainsFunc(
				report.Results[i].Differences, func(d Difference) bool { return d.prevents },
			)
			close(v.done)
		})
	}
	group.Wait()
	ended := time.Now()
	for i, result := range report.Results { // what all of them waited for is no part of it
		if begun := result.Started; !begun.IsZero() && (i == 0 || begun.Before(report.Started)) {
			report.Started = begun
		}
	}
	report.Duration = ended.Sub(report.Started)
	return report
}

type run struct {
	target   *Target
	sink     event.Sink
	after    func(Check) <-chan struct{}
	places   chan struct{}
	verdicts map[string]*verdict
}

// verdict is the outcome of a check, once done is closed.
type verdict struct {
	done    chan struct{}
	outcome Outcome
	differs bool
}

// evaluate gives one check its verdict and announces it.
func (r *run) evaluate(ctx context.Context, check Check) Result {
	result := Result{ID: check.ID, Title: check.Title, Group: check.Group}
	r.decide(ctx, check, &result)
	if result.Outcome != Pass && result.Outcome != Skip && result.Hint == "" {
		result.Hint = check.Hint
	}
	r.announce(result)
	return result
}

// decide waits for what the check needs and for a place, and runs it.
func (r *run) decide(ctx context.Context, check Check, result *Result) {
	if check.Skip != nil {
		if reason := check.Skip(r.target); reason != "" {
			result.Outcome, result.Cause = Skip, reason
			return
		}
	}
	if blocker, differs := r.blockedBy(ctx, check.Needs); differs {
		result.Outcome, result.Cause = Skip, "needs "+blocker+", which differs from what was asked for"
		return
	} else if blocker != "" {
		result.Outcome, result.BlockedBy, result.Cause = Blocked, blocker, "needs "+blocker+", which did not pass"
		return
	}
	if r.after != nil {
		if ready := r.after(check); ready != nil {
			select {
			case <-ready:
			case <-ctx.Done():
			}
		}
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		result.Outcome, result.Cause = Error, "interrupted before it ran"
		return
	}
	result.Started = time.Now()
	r.sink.Emit(event.Event{Time: result.Started, Kind: event.Started, Scope: event.Check, ID: check.ID, Title: check.Title})
	var cause error
	result.Evidence, result.Attempts, result.Outcome, cause = r.attempt(ctx, check)
	if cause != nil {
		result.Cause = cause.Error()
	}
	result.Hint = afterRefusal(cause, r.target.Expect.CNI)
	if cause != nil && IsDifference(cause) {
		r.reportDifferences(result, cause)
	}
	result.Nodes = r.target.nodeResults(check.Nodes, result.Outcome, cause)
	result.Duration = time.Since(result.Started)
}

// blockedBy returns the first needed check that did not pass, or "", and whether
// that one only differs from what was asked for, which keeps this one from seeing
// anything. A need that is not part of this
// run, or that cannot apply here, blocks nothing.
func (r *run) blockedBy(ctx context.Context, needs []string) (blocker string, differs bool) {
	for _, id := range needs {
		v := r.verdicts[id]
		if v == nil {
			continue
		}
		select {
		case <-v.done:
			if v.differs || v.outcome != Pass && v.outcome != Warn && v.outcome != Skip {
				return id, v.differs
			}
		case <-ctx.Done():
			return "", false
		}
	}
	return "", false
}

// attempt runs the check until it passes, cannot pass, or its time is over.
// The evidence is that of the last attempt which had any; cause is nil when it
// passed.
func (r *run) attempt(ctx context.Context, check Check) (evidence Evidence, attempts int, outcome Outcome, cause error) {
	timeout := check.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		attempts++
		seen, err := r.once(bounded, check)
		if err == nil {
			return seen, attempts, Pass, nil
		}
		if len(seen) > 0 {
			evidence = seen
		}
		last = moreTelling(last, err)
		if IsFinal(err) {
			break
		}
		select {
		case <-bounded.Done():
		case <-time.After(pause):
			continue
		}
		break
	}
	switch {
	case ctx.Err() != nil:
		return evidence, attempts, Error, Around(last, func(err error) error { return fmt.Errorf("interrupted: %w", err) })
	case IsUnobservable(last):
		return evidence, attempts, Error, last
	case IsInapplicable(last):
		return evidence, attempts, Skip, last
	case check.Advisory || IsWarning(last) || IsDifference(last):
		return evidence, attempts, Warn, last
	}
	return evidence, attempts, Fail, last
}

// once makes one attempt; a panic is an error that could not observe.
func (r *run) once(ctx context.Context, check Check) (evidence Evidence, err error) {
	if check.Attempt > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, check.Attempt)
		defer cancel()
	}
	defer func() {
		if problem := recover(); problem != nil {
			err = Final(Unobservable(fmt.Errorf("panic in %s: %v\n%s", check.ID, problem, debug.Stack())))
		}
	}()
	return check.Run(ctx, r.target)
}

// moreTelling keeps an earlier cause when the later one only says that the
// time was over.
func moreTelling(earlier, later error) error {
	if earlier == nil || endedEverywhere(earlier) || !endedEverywhere(later) {
		return later
	}
	return earlier
}

// endedEverywhere reports whether an error says of no node more than that the time
// was over.
func endedEverywhere(err error) bool {
	return !slices.ContainsFunc(Findings(err), func(f Finding) bool { return !onlyEnded(f.Err) })
}

// onlyEnded reports whether an error says nothing but that the time was over, or
// the run. One that wraps this with a cause of its own is telling, and so are joined
// errors of which one is.
func onlyEnded(err error) bool {
	if parts := joined(err); len(parts) > 0 {
		return !slices.ContainsFunc(parts, func(part error) bool { return !onlyEnded(part) })
	}
	for _, end := range []error{context.DeadlineExceeded, context.Canceled, os.ErrDeadlineExceeded} {
		if errors.Is(err, end) && strings.HasSuffix(err.Error(), end.Error()) {
			return true
		}
	}
	return strings.Contains(err.Error(), "would exceed context deadline") // the client's rate limiter
}

// joined returns the errors that an error joins, whatever text is around them.
func joined(err error) []error {
	for err != nil {
		if e, is := err.(interface{ Unwrap() []error }); is { //nolint:errorlint // the tree is walked here
			return e.Unwrap()
		}
		err = errors.Unwrap(err)
	}
	return nil
}

func (r *run) announce(result Result) {
	kind := event.Done
	switch result.Outcome {
	case Skip, Blocked:
		kind = event.Skipped
	case Fail, Error:
		kind = event.Failed
	}
	r.sink.Emit(event.Event{
		Time: time.Now(), Kind: kind, Scope: event.Check, ID: result.ID, Title: result.Title,
		Message: result.Cause, Hint: result.Hint, Outcome: string(result.Outcome), Elapsed: result.Duration,
	})
}

// Prefetch calls the functions Prefetch of the checks that want it now. What is wrong with
// their objects is for those to say who wait for them.
func (t *Target) Prefetch(ctx context.Context, afterHosts bool) {
	for _, check := range t.prefetches {
		if check.AfterHosts == afterHosts {
			_ = check.Prefetch(ctx, t)
		}
	}
}
