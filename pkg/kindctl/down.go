package kindctl

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/gc"
	"github.com/kindctl/kindctl/pkg/provider"
)

// Down removes a cluster: containers, volumes, networks that kindctl made, and
// the entry in the kubeconfig, where "" means KUBECONFIG or the default file. It
// waits for others who are at work on the cluster. That there is none is no
// error. A nil sink drops events.
func Down(ctx context.Context, name, kubeconfig string, sink event.Sink) error {
	docker := &provider.Connection{}
	defer docker.Close()
	return gc.Down(ctx, docker, name, kubeconfig, sinkOr(sink))
}
