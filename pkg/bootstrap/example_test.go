package bootstrap_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
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
	parts := bootstrap.Dependencies{
		Probe: verify.DefaultProbeImage,
		Addon: func(clusters.Topology, host.Facts) (plugin.Addon, error) { return nil, nil },
		Images: func(docker *provider.Docker, _ host.Facts) (*images.Resolver, error) {
			return &images.Resolver{Docker: images.NewEngine(docker.Client()), Sink: event.Discard}, nil
		},
	}
	up := bootstrap.NewUp(bootstrap.Config{
		Topology: topology, Image: "kindest/node:v1.37.2", ImageMode: images.Local, WaitTimeout: 5 * time.Minute, Dependencies: parts, Sink: event.Discard,
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
	if _, err := gc.Remove(ctx, docker, topology.Name, gc.RemoveOptions{}); err != nil {
		log.Print(err)
	}
}
