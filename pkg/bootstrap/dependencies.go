package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Addon is something that is installed into a running cluster, such as a CNI.
type Addon interface {
	// Name is the addon's name as users type it.
	Name() string
	// Version is what is installed: "v1.20.2".
	Version() string
	// Tested are the oldest and the newest minor version of Kubernetes with which
	// its makers test it: "1.33", "1.36".
	Tested() (oldest, newest string)
	// Validate reports what is wrong with the user's settings of the addon, before
	// anything is made. It calls find for what describes them, if there are any.
	Validate(find charts.Finder) error
	// Images are the container images that the addon's pods run, the user's settings
	// included once Validate has read them.
	Images() []string
	// Needs are what the addon's agents ask of the kernel.
	Needs() []host.Need
	// Sources are what Install reads. They are found before anything is made.
	Sources() []charts.Bundle
	// Install applies the addon, from the files of Sources, and returns. Whether it
	// works is for Checks.
	Install(ctx context.Context, client *kube.Client, find charts.Finder) error
	// Known is how the addon is recognized in a cluster.
	Known() verify.CNI
	// Checks prove that the addon works.
	Checks() []verify.Check
}

// Dependencies are the parts that the caller chooses.
type Dependencies struct {
	// Addon makes the CNI for a cluster on a host, or nil when there is none.
	Addon func(clusters.Topology, host.Facts) (Addon, error)
	// Images makes the resolver of images for a Docker and the facts of its host.
	Images func(*provider.Docker, host.Facts) (*images.Resolver, error)
	// Probe is the image of the verification's pods.
	Probe string
}
