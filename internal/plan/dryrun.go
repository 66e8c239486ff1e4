package plan

import (
	"context"
	"errors"

	"github.com/kindctl/kindctl/pkg/event"
)

// Step is what a phase would do.
type Step struct {
	Phase string `json:"phase"`
	Title string `json:"title"`
	// Skipped is why the phase would be left out, or "".
	Skipped string `json:"skipped,omitempty"`
	// Changes are what it would change, a line each; some phases only wait.
	Changes []string `json:"changes,omitempty"`
}

// DryRun works through the phases in order and changes nothing: those that only
// look are run, the others say what they would do, by what was seen.
func DryRun(ctx context.Context, phases []Phase, sink event.Sink) (steps []Step, err error) {
	for _, phase := range phases {
		if ctx.Err() != nil {
			return steps, context.Cause(ctx)
		}
		if phase.DryRun == nil {
			if _, err := one(ctx, phase, sink); err != nil {
				return steps, err
			}
			continue
		}
		step := Step{Phase: phase.Name, Title: phase.Title}
		if phase.Skip != nil {
			step.Skipped = phase.Skip()
		}
		if step.Skipped == "" {
			step.Changes, err = phase.DryRun(ctx)
		}
		if err == nil || errors.Is(err, ErrDone) {
			steps = append(steps, step)
		}
		if errors.Is(err, ErrDone) {
			return steps, nil
		}
		if err != nil {
			return steps, err
		}
	}
	return steps, nil
}

// Nothing is what phases change that only wait for something.
func Nothing(context.Context) ([]string, error) { return nil, nil }
