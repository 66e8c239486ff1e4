package bootstrap

import "github.com/kindctl/kindctl/pkg/event"

// The steps of phases create, init and join. Their names are those that kind's own steps
// had, which timelines have known.
const (
	stepContainers    = "preparing-nodes"
	stepInit          = "starting-control-plane"
	stepStorage       = "installing-storageclass"
	stepControlPlanes = "joining-more-control-plane-nodes"
	stepWorkers       = "joining-worker-nodes"
)

// step gives a part of a phase, or what lasts beyond one, a span of its own.
func step(sink event.Sink, id, title string, run func() error) error {
	span := event.Start(sink, event.Event{Scope: event.Step, ID: id, Title: title})
	if err := run(); err != nil {
		span.Failed(err.Error(), "")
		return err
	}
	span.Done("")
	return nil
}
