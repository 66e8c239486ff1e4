package provider

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// Create makes a cluster's nodes and starts Kubernetes on them. The kubeconfig
// goes to a file of its own. When ctx ends, Create returns at once with the
// cause; kind cannot be interrupted, so what it still makes is for Delete.
func (p *Provider) Create(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string, span *event.Span) error {
	return p.withFreePorts(ctx, config, kubeconfig, func() error { return p.create(ctx, config, kubeconfig, span) })
}

func (p *Provider) create(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string, span *event.Span) error {
	p.expected = containers(config)
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- onNetwork(p.NetworkName(), logger{span, p.sink}, func(out log.Logger) error {
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
		if err != nil {
			return explain(err)
		}
		return p.mark(config.Name)
	case <-ctx.Done():
		p.givenUp = ended
		return context.Cause(ctx)
	}
}

// containers counts what kind makes: the nodes, and a load balancer in front of
// several control planes.
func containers(config *v1alpha4.Cluster) int {
	planes := 0
	for _, node := range config.Nodes {
		if node.Role == v1alpha4.ControlPlaneRole {
			planes++
		}
	}
	if planes > 1 {
		return len(config.Nodes) + 1
	}
	return len(config.Nodes)
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

// marker is a file in the nodes of clusters that kindctl made; kind has no
// place for labels.
const marker = "/kind/kindctl"

func (p *Provider) mark(name string) error {
	listed, err := silent().ListInternalNodes(name)
	if err != nil {
		return err
	}
	for _, node := range listed {
		if err := nodeutils.WriteFile(node, marker, ""); err != nil {
			return fmt.Errorf("mark node %s: %w", node, err)
		}
	}
	return nil
}

// Ours tells whether kindctl made a cluster. One that is stopped cannot say so.
func (p *Provider) Ours(name string) (bool, error) {
	listed, err := silent().ListInternalNodes(name)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(listed, func(node nodes.Node) bool { return node.Command("test", "-e", marker).Run() == nil }), nil
}
