package provider

import (
	"context"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/log"
)

// Create makes a cluster's nodes and starts Kubernetes on them. The kubeconfig
// goes to a file of its own. When ctx ends, Create returns at once with the
// cause; kind cannot be interrupted, so what it still makes is for Delete.
func (p *Provider) Create(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string, steps Steps) error {
	return p.withFreePorts(ctx, config, kubeconfig, func() error { return p.create(ctx, config, kubeconfig, steps) })
}

func (p *Provider) create(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string, steps Steps) error {
	follow := logger{steps: steps, sink: p.sink, after: p.afterSteps(config)}
	p.expected = len(Containers(config))
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- onNetwork(p.NetworkName(), follow, func(out log.Logger) error {
			return kind(out).Create(config.Name,
				cluster.CreateWithV1Alpha4Config(config),
				cluster.CreateWithKubeconfigPath(kubeconfig),
				cluster.CreateWithRetain(true), // removal is the caller's, and happens once
				cluster.CreateWithDisplayUsage(false),
				cluster.CreateWithDisplaySalutation(false))
		})
	}()
	select {
	case err := <-done:
		return explain(err)
	case <-ctx.Done():
		p.givenUp = ended
		return context.Cause(ctx)
	}
}

// underWay tells whether kind still works on a creation that was given up.
func (p *Provider) underWay() bool {
	if p.givenUp == nil {
		return false
	}
	select {
	case <-p.givenUp:
		return false
	default:
		return true
	}
}
