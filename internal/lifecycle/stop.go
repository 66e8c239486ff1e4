package lifecycle

import (
	"context"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
)

// Stop stops all nodes of a cluster at the same time, and keeps their data. It returns
// what was done, a line for each container; none for a cluster that is stopped already.
func Stop(ctx context.Context, cluster provider.Cluster, sink event.Sink) ([]string, error) {
	release, err := runs.Lock(cluster.Name)
	if err != nil {
		return nil, err
	}
	defer release()
	releaseNetwork, err := shareNetwork(ctx, cluster)
	if err != nil {
		return nil, err
	}
	defer releaseNetwork()
	steps, err := cluster.Stop(ctx)
	if err != nil {
		return nil, err
	}
	titles := steps.Titles()
	if len(titles) == 0 {
		return nil, nil
	}
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "stop", Title: "Stop cluster " + cluster.Name})
	if err := steps.Run(ctx, span); err != nil {
		span.Failed(err.Error(), "")
		return nil, err
	}
	span.Done("")
	return titles, nil
}

// shareNetwork keeps others from removing the network of a cluster, whose containers leave it
// for moments when they stop and start.
func shareNetwork(ctx context.Context, cluster provider.Cluster) (release func(), err error) {
	nodes, err := cluster.Nodes(ctx)
	if err != nil || len(nodes) == 0 {
		return func() {}, err
	}
	return runs.ShareNetwork(ctx, nodes[0].Network)
}

// StopDryRun returns what Stop would do, and changes nothing.
func StopDryRun(ctx context.Context, cluster provider.Cluster) ([]string, error) {
	steps, err := cluster.Stop(ctx)
	return steps.Titles(), err
}
