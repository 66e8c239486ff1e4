package provider

import (
	"context"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
)

// Provision makes a cluster's containers through kind: the load balancer is
// configured, kubeadm's configuration is in every node, which is on a Docker network,
// and Kubernetes is not started.
// kind cannot be interrupted: when ctx ends, Provision returns the cause as soon as
// kind has ended. What has been made by then is for Delete.
func (d *Docker) Provision(ctx context.Context, config *v1alpha4.Cluster, network string) error {
	return d.withFreePorts(ctx, config, func() error {
		err := d.create(ctx, config, network, cluster.CreateWithStopBeforeSettingUpKubernetes(true))
		if err != nil {
			d.settle(context.WithoutCancel(ctx), PlannedNodes(config))
		}
		return err
	})
}

// CreateStock makes a whole cluster as kind does by itself, for comparisons. When ctx
// ends, it returns the cause as soon as kind has ended.
func (d *Docker) CreateStock(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string) error {
	return d.withFreePorts(ctx, config, func() error {
		return d.create(ctx, config, usersNetwork, cluster.CreateWithKubeconfigPath(kubeconfig))
	})
}

// create runs kind, and returns when no part of it is at work any more: the cause, if
// ctx has ended. Removal is the caller's, and happens once.
func (d *Docker) create(ctx context.Context, config *v1alpha4.Cluster, network string, options ...cluster.CreateOption) error {
	err := onNetwork(network, func() error {
		return toItsEnd(ctx, func() error {
			return explain(kind(warnings{sink: d.sink}).Create(config.Name, append(options,
				cluster.CreateWithV1Alpha4Config(config),
				cluster.CreateWithRetain(true),
				cluster.CreateWithDisplayUsage(false),
				cluster.CreateWithDisplaySalutation(false))...))
		})
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
