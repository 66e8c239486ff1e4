package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/pkg/event"
)

// initialize starts Kubernetes on the first control plane, and has the other nodes join:
// control planes now, workers while later phases run.
func (u *Up) initialize(ctx context.Context, span *event.Span) (string, error) {
	if err := u.installTokenKey(ctx); err != nil {
		return "", u.failed(ctx, err)
	}
	if err := u.writeRegistryFiles(ctx); err != nil {
		return "", err
	}
	span.Progress("kubeadm init on "+u.first(), 0, 0)
	if err := step(u.Sink, stepInit, "Run kubeadm init", func() error { return u.firstNode().Init(ctx) }); err != nil {
		return "", u.failed(ctx, err)
	}
	if err := u.connect(ctx); err != nil {
		return "", err
	}
	planes, workers := u.joiningNodes()
	if len(planes) == 0 {
		u.beginWorkers(ctx, workers)
	}
	// etcd may be without a leader while its members become more: this comes before.
	if err := u.prepareAPI(ctx); err != nil {
		return "", err
	}
	if len(planes) > 0 {
		if err := u.joinControlPlanes(ctx, span, planes); err != nil {
			return "", u.failed(ctx, err)
		}
		u.beginWorkers(ctx, workers)
	}
	return u.Version, nil
}

// joiningNodes are the nodes that join the first control plane.
func (u *Up) joiningNodes() (planes, workers []string) {
	for _, node := range u.Topology.Each() {
		switch {
		case node.Role == clusters.Worker:
			workers = append(workers, node.Name)
		case node.Name != u.first():
			planes = append(planes, node.Name)
		}
	}
	return planes, workers
}

// prepareAPI creates what every cluster has from the beginning: its record and the StorageClass.
func (u *Up) prepareAPI(ctx context.Context) (err error) {
	if u.Version, err = u.client.Version(ctx); err != nil {
		return err
	}
	if err := record.Write(ctx, u.client, u.wanted()); err != nil {
		return err
	}
	if u.Topology.Nodes() == 1 {
		if err := kubeadm.PrepareSingleNode(ctx, u.client, u.first()); err != nil {
			return err
		}
	}
	return step(u.Sink, stepStorage, "Install the StorageClass", func() error { return u.installStorage(ctx) })
}

func (u *Up) joinControlPlanes(ctx context.Context, span *event.Span, names []string) error {
	return step(u.Sink, stepControlPlanes, "Join more control planes", func() error {
		kubeadm.WaitForClusterInfo(ctx, u.client)
		return u.joiner(span.Progress).ControlPlanes(ctx, names)
	})
}

// beginWorkers has workers join while later phases run.
func (u *Up) beginWorkers(ctx context.Context, names []string) {
	if len(names) == 0 {
		return
	}
	u.workers = startBackground(ctx, func(ctx context.Context, b *background) error {
		return step(u.Sink, stepWorkers, "Join the workers", func() error {
			kubeadm.WaitForClusterInfo(ctx, u.client)
			return u.joiner(b.progress).Workers(ctx, names)
		})
	})
}

func (u *Up) joiner(progress func(string, int64, int64)) kubeadm.Joiner {
	return kubeadm.Joiner{Cluster: u.cluster, ControlPlane: u.first(), ExternalEtcd: u.Topology.ExternalEtcd(), Progress: progress}
}

// join waits until every worker has joined.
func (u *Up) join(ctx context.Context, span *event.Span) (string, error) {
	var names []string
	for _, node := range u.Topology.Each() {
		names = append(names, node.Name)
	}
	u.stopApproving = kubeadm.ApproveServingCertificates(ctx, u.client, names, u.Sink)
	if u.workers == nil {
		return "", nil
	}
	if err := u.workers.wait(span); err != nil {
		return "", u.failed(ctx, err)
	}
	return "", nil
}
