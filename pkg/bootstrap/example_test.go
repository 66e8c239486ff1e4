package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// A cluster is made from parts that the caller chooses: here without a CNI, of a
// node image that Docker has. It needs Docker. Package kindctl does the same
// with kindctl's own CNIs and sources of images.
func ExampleUp() {
	topology, err := clusters.Profile("single")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name, topology.CNI = "example", "none"
	parts := bootstrap.Places{
		Probe: verify.DefaultProbeImage,
		Addon: func(clusters.Topology, host.Facts) (bootstrap.Addon, error) { return nil, nil },
		Images: func(docker *provider.Docker, _ host.Facts) (*images.Resolver, error) {
			return &images.Resolver{Docker: images.NewEngine(docker.Client()), Sink: event.Discard}, nil
		},
	}
	up := bootstrap.NewUp(bootstrap.Config{
		Topology: topology, Image: "kindest/node:v1.37.2", ImageMode: images.Local, WaitTimeout: 5 * time.Minute, Places: parts, Sink: event.Discard,
	})
	ctx := context.Background()
	if err := up.Run(ctx); err != nil {
		log.Fatalf("%v\n%s", err, hint.AdviceOf(err)) // nothing is left of it
	}
	fmt.Println(up.Version, len(up.Report.Results), "checks")
	docker, err := provider.Open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer docker.Close()
	if err := bootstrap.Remove(ctx, docker, topology.Name, bootstrap.RemoveOptions{}); err != nil {
		log.Print(err)
	}
}

// A plan is an ordered list of phases. When one of them fails, what was done is
// undone in reverse order; what failed half way is undone as well. The plan that
// makes a cluster is carried out the same way: see Up.
func ExampleRun() {
	say := func(what string) func(context.Context, *event.Span) (string, error) {
		return func(context.Context, *event.Span) (string, error) { fmt.Println(what); return "", nil }
	}
	take := func(what string) func(context.Context) error {
		return func(context.Context) error { fmt.Println(what); return nil }
	}
	plan := []bootstrap.Phase{
		{Name: "table", Title: "Lay the table", Run: say("the table is laid"), Undo: take("the table is cleared")},
		{Name: "wine", Title: "Open the wine", Skip: func() string { return "there is none" }, Run: say("never")},
		{Name: "soup", Title: "Cook the soup", Run: func(context.Context, *event.Span) (string, error) {
			return "", hint.Wrap(errors.New("no gas"), hint.Creation, "SOUP_COLD", "the soup stays cold", "pay the bill")
		}, Undo: take("the soup is poured away")},
	}
	sink := event.Func(func(e event.Event) {
		if e.Kind == event.Skipped || e.Kind == event.Failed {
			fmt.Printf("%s %s: %s\n", e.Kind, e.ID, e.Message)
		}
	})
	err := bootstrap.Run(context.Background(), plan, bootstrap.Options{Sink: sink, UndoTimeout: time.Minute})
	fmt.Println(err, hint.ReasonOf(err))
	// Output:
	// the table is laid
	// skipped wine: there is none
	// failed soup: the soup stays cold: no gas
	// the soup is poured away
	// the table is cleared
	// the soup stays cold: no gas SOUP_COLD
}
