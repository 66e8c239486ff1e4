package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

func (u *Up) verify(ctx context.Context, _ *event.Span) (string, error) {
	if u.verification == nil {
		u.verification = u.startVerification(ctx, nil)
	}
	<-u.verification.ended // which ctx hastens
	return health.ChecksPassed(u.Report, u.verification.err)
}

// runChecks runs every check that applies, each after what it is to wait for, and
// keeps the report.
func (u *Up) runChecks(ctx context.Context, after func(verify.Check) <-chan struct{}) error {
	all := checks.Core()
	if u.addon != nil {
		all = verify.Join(checks.Core(u.addon.Known()), u.addon.Checks())
	}
	target := verify.NewTarget(u.client, u.wanted().Expect)
	target.Flags, target.Containerd = []string{"-n", u.Topology.Name}, health.ReadContainerd(u.cluster)
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

// verification is a verification under way, which begins while the system's pods are
// still starting.
type verification struct {
	// agents and deployments are closed when those of the system are ready.
	agents, deployments chan struct{}
	ended               chan struct{}
	err                 error // once it has ended
	stop                context.CancelFunc
}

// startVerification begins a verification; after says what each check is to wait for.
func (u *Up) startVerification(ctx context.Context, after func(verify.Check) <-chan struct{}) *verification {
	ctx, stop := context.WithCancel(ctx)
	v := &verification{ended: make(chan struct{}), stop: stop}
	go func() {
		defer close(v.ended)
		v.err = u.runChecks(ctx, after)
	}()
	return v
}

// verifyEarly begins a verification with the nodes ready. The user's manifests come
// before any, because they may keep the machine busy.
func (u *Up) verifyEarly(ctx context.Context) *verification {
	if len(u.manifests) > 0 {
		return nil
	}
	agents, deployments := make(chan struct{}), make(chan struct{})
	v := u.startVerification(ctx, func(check verify.Check) <-chan struct{} {
		if check.AfterWorkloads {
			return deployments
		}
		return agents
	})
	v.agents, v.deployments = agents, deployments
	return v
}

// agentsReady lets the checks begin that wait for the agents of the system.
func (v *verification) agentsReady() {
	if v != nil {
		close(v.agents)
	}
}

// deploymentsReady lets the checks begin that wait for all pods of the system.
func (v *verification) deploymentsReady() {
	if v != nil {
		close(v.deployments)
	}
}

// cancel ends it, which cleans up after itself.
func (v *verification) cancel() {
	if v != nil {
		v.stop()
		<-v.ended
	}
}
