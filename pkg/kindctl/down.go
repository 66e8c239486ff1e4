package kindctl

import (
	"context"
	"time"

	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/provider"
)

// Down removes a cluster: containers, volumes, networks that kindctl made, and
// the entry in the kubeconfig, where "" means KUBECONFIG or the default file. It
// waits for others who are at work on the cluster. That there is none is no
// error. A nil sink drops events.
func Down(ctx context.Context, name, kubeconfig string, sink event.Sink) error {
	sink = sinkOr(sink)
	release, err := bootstrap.Await(ctx, name, func() {
		sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "down", Message: "waiting for another kindctl that is at work on cluster " + name})
	})
	if err != nil {
		return err
	}
	defer release()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "down", Title: "Remove cluster " + name})
	if err := bootstrap.Remove(ctx, provider.New(sink), name, kubeconfig, 0); err != nil {
		span.Failed(err.Error(), "")
		return err
	}
	span.Done("")
	return nil
}
