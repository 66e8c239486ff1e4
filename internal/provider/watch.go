package provider

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// WatchClusters calls changed with the name of a cluster, kindctl's or another, whenever one
// of its containers was resumed, has ended or was removed, since a time by Docker's clock. It
// returns when ctx ends or the connection to Docker does, with the reason.
func (d *Docker) WatchClusters(ctx context.Context, since time.Time, changed func(cluster string)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watched := d.api.Events(ctx, client.EventsListOptions{Since: strconv.FormatInt(since.Unix(), 10), Filters: client.Filters{}.
		Add("type", string(events.ContainerEventType)).
		Add("event", string(events.ActionUnPause), string(events.ActionDie), string(events.ActionDestroy)).
		Add("label", clusterLabel)})
	for {
		select {
		case event := <-watched.Messages:
			changed(event.Actor.Attributes[clusterLabel])
		case err := <-watched.Err:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("watch Docker's events: %w", err)
		}
	}
}
