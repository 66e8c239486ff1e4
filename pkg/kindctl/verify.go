package kindctl

import (
	"context"
	"slices"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

// Checks returns the checks of the core, joined with those of the CNIs that are
// named. A CNI that kindctl does not know has none.
func Checks(cnis ...string) []verify.Check {
	var known []verify.CNI
	for _, cni := range addons.CNIs() {
		if slices.Contains(cnis, cni.Name) {
			known = append(known, cni)
		}
	}
	lists := [][]verify.Check{checks.Core(known...)}
	for _, cni := range cnis {
		lists = append(lists, addons.Checks(cni))
	}
	return verify.Join(lists...)
}

// Verify proves that every component of a cluster works, whoever made it, and
// removes what that took. What the cluster should look like is its record, or
// else what it looks like now. The error is that of the report; nil means that
// the cluster is proven to work. A nil sink drops events.
func Verify(ctx context.Context, client *kube.Client, sink event.Sink) (verify.Report, error) {
	return verifyWith(ctx, client, nil, sink)
}

// verifyWith verifies a cluster whose nodes' containers can be read, or a nil reader.
func verifyWith(ctx context.Context, client *kube.Client, containerd verify.ReadContainerd, sink event.Sink) (verify.Report, error) {
	expect, err := record.Discover(ctx, client, addons.CNIs()...)
	if err != nil {
		return verify.Report{}, err
	}
	target := verify.NewTarget(client, expect)
	target.Containerd = containerd
	return verify.RunAndClose(ctx, target, Checks(expect.CNI), verify.RunOptions{Sink: sinkOr(sink)})
}

func sinkOr(sink event.Sink) event.Sink {
	if sink == nil {
		return event.Discard
	}
	return sink
}
