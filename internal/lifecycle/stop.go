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

// StopDryRun returns what Stop would do, and changes nothing.
func StopDryRun(ctx context.Context, cluster provider.Cluster) ([]string, error) {
	steps, err := cluster.Stop(ctx)
	return steps.Titles(), err
}
