package bootstrap

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

func (u *Up) verify(ctx context.Context, _ *event.Span) (string, error) {
	if u.trial == nil {
		u.trial = u.try(ctx, nil)
	}
	<-u.trial.ended // which ctx hastens
	return passed(u.Report, u.trial.err)
}

// judge runs every check that applies, each after what it is to wait for, and
// keeps the report.
func (u *Up) judge(ctx context.Context, after func(verify.Check) <-chan struct{}) error {
	all := checks.Core()
	if u.addon != nil {
		all = verify.Join(all, u.addon.Checks())
	}
	target := verify.NewTarget(u.client, u.expectation())
	target.Flags, target.Containerd = []string{"-n", u.Topology.Name}, ReadContainerd(u.cluster)
	var err error
	if target.Expect.Accepted, err = verify.Accepted(ctx, u.client); err != nil {
		return err
	}
	if after != nil { // else it was long ago that the nodes joined
		target.Renewed = u.renewed
	}
	u.Report, err = Judge(ctx, target, all, verify.RunOptions{Sink: u.Sink, After: after})
	u.Report.Cluster = u.Topology.Name
	return err
}

// cleanTimeout bounds the removal of what a verification made.
const cleanTimeout = 15 * time.Second

// Judge verifies a target and removes what that took, also when interrupted.
// The error is that of the report.
func Judge(ctx context.Context, target *verify.Target, checks []verify.Check, options verify.RunOptions) (verify.Report, error) {
	if options.Sink == nil {
		options.Sink = event.Discard
	}
	report := verify.Run(ctx, target, checks, options)
	report.Discovered = target.Expect.Discovered
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := target.Close(cleaning); err != nil {
		options.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Check, ID: "clean", Message: err.Error(),
			Hint: "remove it by hand: kubectl delete namespace -l " + verify.RunLabel})
	}
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	if err := report.Err(); err != nil {
		return report, hint.Keep(err, fmt.Sprintf("%d of %d checks did not pass", len(report.Results)-report.Count(verify.Pass)-report.Count(verify.Skip), len(report.Results)))
	}
	return report, nil
}
