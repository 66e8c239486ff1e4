package verify

import (
	"context"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// cleanTimeout bounds the removal of what a verification made.
const cleanTimeout = 15 * time.Second

// RunAndClose verifies a target and removes what that took, also when interrupted.
// The error is that of the report.
func RunAndClose(ctx context.Context, target *Target, checks []Check, options RunOptions) (Report, error) {
	if options.Sink == nil {
		options.Sink = event.Discard
	}
	report := Run(ctx, target, checks, options)
	report.Discovered = target.Expect.Discovered
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := target.Close(cleaning); err != nil {
		event.Warn(options.Sink, event.Check, "clean", err.Error(),
			"remove it by hand: kubectl delete namespace -l "+RunLabel)
	}
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	if err := report.Err(); err != nil {
		return report, hint.Keep(err, report.tally())
	}
	return report, nil
}
