package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// VerifyOptions say which cluster Verify verifies, and how much of it. The zero value
// is all of the cluster DefaultName.
type VerifyOptions struct {
	// Cluster is any cluster.
	Cluster ClusterRef
	// Selection says which checks run; its zero value is all of them.
	Selection verify.Selection
	// CNI is the one that the cluster must have; "" is any or none.
	CNI string
}

// verifyEstimate is how long a verification takes on two cores.
const verifyEstimate = 15 * time.Second

// Verify proves that every component of a cluster works, however it was made, and removes
// what that took. What the cluster should look like is its record, or else what it looks
// like now. The error is that of the report, whose time of start is zero if it did not
// come to checks; nil means that the cluster is proven to work.
func (c *Client) Verify(ctx context.Context, o VerifyOptions) (verify.Report, error) {
	report := verify.Report{Cluster: o.Cluster.String()}
	client, err := c.reach(ctx, o.Cluster)
	if err != nil {
		return report, err
	}
	expect, err := c.discover(ctx, o.Cluster, client)
	if err != nil {
		return report, err
	}
	if o.CNI != "" && o.CNI != expect.CNI {
		return report, hint.CNIDiffers.New(fmt.Sprintf("%s, not %s", hasCNI(report.Cluster, expect.CNI), o.CNI),
			"leave --cni out, or look at another cluster: kindctl get clusters")
	}
	run, err := c.verification(ctx, o.Cluster, client, expect, o.Selection)
	if err != nil {
		return report, err
	}
	if o.Cluster.inDocker() && o.Selection.All() {
		defer func() { c.noteVerification(ctx, cmp.Or(o.Cluster.Name, DefaultName), report) }()
	}
	span := event.Start(c.sink(), event.Event{Scope: event.Phase, ID: "verify", Title: "Verify " + report.Cluster,
		Estimate: verifyEstimate})
	report, err = run(ctx)
	if err == nil {
		span.Done("")
	} else {
		span.Failed("", "")
	}
	return report, err
}

// verification prepares a run of the selected checks, which can look into the nodes'
// containers of a cluster in Docker.
func (c *Client) verification(ctx context.Context, r ClusterRef, client *kube.Client, expect verify.Expectation, selection verify.Selection,
) (run func(context.Context) (verify.Report, error), err error) {
	more, err := c.checksOfShop(ctx, r, client)
	if err != nil {
		return nil, err
	}
	checks, err := SelectChecks(expect.CNI, hasCNI(r.String(), expect.CNI), selection, more...)
	if err != nil {
		return nil, err
	}
	target := verify.NewTarget(client, expect)
	target.Flags = r.flags()
	if r.inDocker() {
		docker, err := c.open(ctx)
		if err != nil {
			return nil, err
		}
		cluster := docker.Cluster(cmp.Or(r.Name, DefaultName))
		target.Containerd, target.Containers = health.ReadContainerd(cluster), health.ContainerStates(cluster)
	}
	return func(ctx context.Context) (verify.Report, error) {
		report, err := verify.RunAndClose(ctx, target, checks, verify.RunOptions{Sink: c.sink()})
		report.Cluster = r.String()
		return report, err
	}, nil
}

// hasCNI says which CNI a cluster has.
func hasCNI(cluster, cni string) string {
	if cni == addons.None {
		return cluster + " has no CNI that kindctl knows"
	}
	return cluster + " has " + cni
}
