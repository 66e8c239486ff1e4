package kindctl

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/forge"
	"github.com/kindctl/kindctl/pkg/releases"
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
	return forge.NodeImage(forge.Spec{CNI: b.cni, Kubernetes: b.kubernetes})
}

func (b builder) Build(ctx context.Context) (string, error) {
	result, err := forge.Build(ctx, forge.Spec{CNI: b.cni, Kubernetes: b.kubernetes}, forge.Options{Sink: b.sink})
	return result.NodeImage, err
}

func (b builder) LoadBalancer() string { return forge.LoadBalancerImage() }

func (b builder) BuildLoadBalancer(ctx context.Context) (string, error) {
	result, err := forge.Build(ctx, forge.Spec{LoadBalancer: true}, forge.Options{Sink: b.sink})
	return result.LoadBalancerImage, err
}
