package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/verify"
)

// trial is a verification under way, which begins while the system's pods are
// still starting.
type trial struct {
	// agents and deployments are closed when those of the system are ready.
	agents, deployments chan struct{}
	ended               chan struct{}
	err                 error // once it has ended
	stop                context.CancelFunc
}

// try begins a verification; after says what each check is to wait for.
func (u *Up) try(ctx context.Context, after func(verify.Check) <-chan struct{}) *trial {
	ctx, stop := context.WithCancel(ctx)
	t := &trial{ended: make(chan struct{}), stop: stop}
	go func() {
		defer close(t.ended)
		t.err = u.judge(ctx, after)
	}()
	return t
}

// tryEarly begins a verification with the nodes ready. The user's manifests come
// before any, because they may keep the machine busy.
func (u *Up) tryEarly(ctx context.Context) *trial {
	if len(u.manifests) > 0 {
		return nil
	}
	agents, deployments := make(chan struct{}), make(chan struct{})
	t := u.try(ctx, func(check verify.Check) <-chan struct{} {
		if check.AfterWorkloads {
			return deployments
		}
		return agents
	})
	t.agents, t.deployments = agents, deployments
	return t
}

// pass lets the checks begin that wait for what is ready now.
func (t *trial) pass(ready func(*trial) chan struct{}) {
	if t != nil {
		close(ready(t))
	}
}

// giveUp ends the trial, which cleans up after itself.
func (t *trial) giveUp() {
	if t != nil {
		t.stop()
		<-t.ended
	}
}
