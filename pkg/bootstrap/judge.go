package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
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
	u.Report, err = verify.RunAndClose(ctx, target, all, verify.RunOptions{Sink: u.Sink, After: after})
	u.Report.Cluster = u.Topology.Name
	return err
}
