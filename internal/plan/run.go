// Package plan works through phases in order, and undoes them in reverse when one fails.
package plan

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Phase is one step of a plan.
type Phase struct {
	// Name is stable: "create".
	Name string
	// Title says what happens, for people.
	Title string
	// Estimate is how long the phase usually takes on two cores.
	Estimate time.Duration
	// Skip returns the reason to leave the phase out, or "". Nil never skips.
	Skip func() string
	// Run does the work and returns a word on how it went. It reports details
	// to the span and ends when the context does.
	Run func(context.Context, *event.Span) (string, error)
	// DryRun says what Run would change, a line for each thing, and changes nothing
	// itself. It ends a dry run with ErrDone. Nil is for phases that only look: a
	// dry run runs them.
	DryRun func(context.Context) ([]string, error)
	// Undo takes back what Run did, even half way. Nil has nothing to undo.
	Undo func(context.Context) error
	// Final phases leave nothing to undo of those before, once they have begun.
	Final bool
}

// Options say what happens when a phase fails.
type Options struct {
	Sink event.Sink
	// Examine looks at what a failed phase left, before it is undone. Nil does
	// not look, and after an interrupt no one does.
	Examine func(context.Context, error)
	// Retain keeps what was made. Retainable says that the user could have asked so.
	Retain, Retainable bool
	// UndoTimeout bounds the undoing, which also happens after an interrupt. Phases without
	// Undo need none.
	UndoTimeout time.Duration
}

// ErrDone ends a plan early and well.
var ErrDone = errors.New("nothing left to do")

// Run works through the phases in order. The error of the phase that failed is
// returned; a failure to undo is joined to it.
func Run(ctx context.Context, phases []Phase, options Options) error {
	var begun []Phase
	for _, phase := range phases {
		began, err := one(ctx, phase, options.Sink)
		if began && phase.Final {
			begun = nil
		}
		if began {
			begun = append(begun, phase)
		}
		if errors.Is(err, ErrDone) {
			return nil
		}
		if err != nil {
			if options.Examine != nil && ctx.Err() == nil {
				options.Examine(ctx, err)
			}
			return errors.Join(err, undo(ctx, begun, options))
		}
	}
	return nil
}

// one runs a phase and reports whether it began, so that there is something to undo.
func one(ctx context.Context, phase Phase, sink event.Sink) (began bool, err error) {
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: phase.Name, Title: phase.Title, Estimate: phase.Estimate})
	if phase.Skip != nil {
		if reason := phase.Skip(); reason != "" {
			span.Skipped(reason)
			return false, nil
		}
	}
	if ctx.Err() != nil {
		span.Failed("interrupted", "")
		return false, context.Cause(ctx)
	}
	message, err := phase.Run(ctx, span)
	switch {
	case err == nil || errors.Is(err, ErrDone):
		span.Done(message)
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		span.Failed("interrupted", "")
	default:
		span.Failed(err.Error(), hint.AdviceOf(err))
	}
	return true, err
}

// undo takes back the phases in reverse order. The context may be over, which
// must not keep anything from being removed.
func undo(ctx context.Context, phases []Phase, options Options) error {
	consolation := ""
	switch {
	case ctx.Err() != nil:
		consolation = "nothing is left of it"
	case options.Retainable:
		consolation = "use --retain to keep it for debugging"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), options.UndoTimeout)
	defer cancel()
	var failures []error
	for _, phase := range slices.Backward(phases) {

		if phase.Undo == nil {
			continue
		}
		span := event.Start(options.Sink, event.Event{Scope: event.Phase, ID: "undo-" + phase.Name, Title: "Undo: " + phase.Title})
		if options.Retain {
			span.Skipped("--retain keeps it")
			continue
		}
		if err := phase.Undo(ctx); err != nil {
			span.Failed(err.Error(), hint.AdviceOf(err))
			failures = append(failures, hint.UndoFailed.Wrap(err, "undo "+phase.Name, hint.AdviceOf(err)))
			continue
		}
		span.Done(consolation)
	}
	return errors.Join(failures...)
}
