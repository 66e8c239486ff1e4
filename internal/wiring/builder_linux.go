package wiring

import (
	"context"
	"slices"

	"github.com/kindctl/kindctl/internal/forge"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/event"
)

// builder is the forge, for one cluster's images.
type builder struct {
	cni, kubernetes string
	sink            event.Sink
}

func (b builder) NodeImage() (string, error) {
	if b.kubernetes != "" && !releases.Buildable(b.kubernetes) {
		return "", nil
	}
	return forge.NodeImage(b.spec())
}

func (b builder) Build(ctx context.Context) (string, error) {
	result, err := forge.Build(ctx, b.spec(), forge.Options{Sink: b.sink})
	return result.NodeImage, err
}

// spec is that of a node image for the CNI, whose images are part of it if the forge
// builds them.
func (b builder) spec() forge.Spec {
	if !slices.Contains(forge.CNIs, b.cni) {
		b.cni = forge.None
	}
	return forge.Spec{CNI: b.cni, Kubernetes: b.kubernetes}
}

func (b builder) LoadBalancer() string { return forge.LoadBalancerImage() }

func (b builder) BuildLoadBalancer(ctx context.Context) (string, error) {
	result, err := forge.Build(ctx, forge.Spec{LoadBalancer: true}, forge.Options{Sink: b.sink})
	return result.LoadBalancerImage, err
}
