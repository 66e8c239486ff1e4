package bootstrap

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

func (u *Up) waiter() health.Waiter {
	return health.Waiter{Client: u.client, Timeout: u.WaitTimeout, Advice: "run again with --retain and look: "}
}

func (u *Up) waitForNodes(ctx context.Context, span *event.Span) (string, error) {
	u.renewed, _ = verify.ReadLeaseRenewTimes(ctx, u.client) // else kubelet.lease looks for itself
	want := u.Topology.Nodes()
	return fmt.Sprintf("%d nodes", want), u.waiter().Nodes(ctx, span, want)
}

// waitForWorkloads waits for the pods of kube-system. The verification begins meanwhile.
func (u *Up) waitForWorkloads(ctx context.Context, span *event.Span) (string, error) {
	if u.addon == nil {
		return u.waiter().Proxies(ctx, span, u.Topology.Nodes())
	}
	u.verification = u.verifyEarly(ctx)
	message, err := u.waiter().Workloads(ctx, span, u.verification.agentsReady)
	if err != nil {
		u.verification.cancel()
		return "", err
	}
	u.verification.deploymentsReady()
	return message, nil
}
