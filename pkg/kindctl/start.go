package kindctl

import (
	"cmp"
	"context"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// StartOptions are those of Start.
type StartOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
	// DryRun changes nothing: StartResult.Steps says what would be done.
	DryRun bool
}

// StartResult is what Start did. After an error it has what was known by then.
type StartResult struct {
	// Running says that the cluster ran already.
	Running bool
	// Report is the verdict on the cluster.
	Report verify.Report
	// Steps is what would be done, with StartOptions.DryRun.
	Steps []string
}

// Start starts the nodes of a stopped cluster, or of one whose nodes came back at other
// addresses, and verifies it. When it fails, what was started stays.
func (c *Client) Start(ctx context.Context, o StartOptions) (result StartResult, err error) {
	result.Report.Cluster = Context(cmp.Or(o.Name, DefaultName))
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return result, err
	}
	start := lifecycle.NewStart(c.startConfig(docker, cluster, o.WaitTimeout, checksFor))
	if o.DryRun {
		result.Steps, err = start.DryRun(ctx)
		return result, err
	}
	err = start.Run(ctx)
	result.Running, result.Report = start.Ran, start.Report
	result.Report.Cluster = provider.Context(cluster.Name)
	return result, err
}

// startConfig says how a cluster is started.
func (c *Client) startConfig(docker *provider.Docker, cluster provider.Cluster, wait time.Duration,
	checks func(verify.Expectation) ([]verify.Check, error),
) lifecycle.StartConfig {
	return lifecycle.StartConfig{Name: cluster.Name, Docker: docker, WaitTimeout: cmp.Or(wait, WaitTimeout),
		Checks: checks, CNIs: addons.CNIs(), Workloads: addons.Workloads, Rejoin: addons.Rejoin, Sink: c.sink()}
}

// StopOptions are those of Stop.
type StopOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// DryRun changes nothing.
	DryRun bool
}

// Stop stops all nodes of a cluster at the same time and keeps their data. They stay
// stopped until Start, also when Docker restarts. It returns what was done, or would be:
// a line for each container, none for a cluster that is stopped already.
func (c *Client) Stop(ctx context.Context, o StopOptions) (steps []string, err error) {
	_, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	if o.DryRun {
		return lifecycle.StopDryRun(ctx, cluster)
	}
	return lifecycle.Stop(ctx, cluster, c.sink())
}
