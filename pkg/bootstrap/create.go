package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/health"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// settings are what the host adds to the topology, for kind.
func (u *Up) settings() clusters.NodeSettings {
	return clusters.NodeSettings{Image: u.found.Node, CgroupV1: u.facts.CgroupV1, CPUs: u.facts.CPUs,
		MemoryBytes: u.facts.MachineMemoryBytes, Versions: u.versions}
}

// create makes the containers of all nodes, and starts an external etcd.
func (u *Up) create(ctx context.Context, span *event.Span) (string, error) {
	// Another process may have created one while images were resolved.
	if nodes, err := u.cluster.Nodes(ctx); err != nil {
		return "", err
	} else if len(nodes) > 0 {
		return "", hint.ClusterForeign.New(fmt.Sprintf("another process has just created a cluster %s", u.Topology.Name), "choose another name")
	}
	if u.From == nil {
		u.installTokenKey = u.generateTokenKey()
	}
	writer, err := u.writeMetadata(ctx, u.containers())
	if err != nil {
		return "", err
	}
	defer writer.Stop()
	u.ownsNodes = true // also a network that was made must be removed if the nodes are not made
	if err := step(u.Sink, stepContainers, "Create the containers", func() error { return u.makeNodes(ctx) }); err != nil {
		return "", err
	}
	if len(u.Topology.EtcdNames()) > 0 {
		span.Progress("starting etcd", 0, 0)
		begin := (&externalEtcd{up: u}).start
		if u.From != nil {
			begin = u.placeEtcd
		}
		if err := begin(ctx); err != nil {
			return "", u.failed(ctx, err)
		}
	}
	if err := writer.Finish(ctx); err != nil {
		return "", u.failed(ctx, err)
	}
	return "from " + u.found.Node, u.setCPUShares(ctx)
}

// setCPUShares sets the CPU shares of the nodes, unless they keep those of Docker.
func (u *Up) setCPUShares(ctx context.Context) error {
	if u.CPUShares == 0 {
		return nil
	}
	nodes, err := u.cluster.Nodes(ctx)
	for _, node := range nodes {
		err = errors.Join(err, node.SetCPUShares(ctx, u.CPUShares))
	}
	return err
}

// makeNodes makes the nodes and their load balancer, on their network.
func (u *Up) makeNodes(ctx context.Context) error {
	release, err := u.holdNetwork(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := u.docker.Provision(ctx, u.Topology.KindConfig(u.settings()), u.network(), u.found.LoadBalancer); err != nil {
		return u.failed(ctx, err)
	}
	return nil
}

// holdNetwork is gc.HoldNetwork for the nodes' network.
func (u *Up) holdNetwork(ctx context.Context) (release func(), err error) {
	by := provider.Metadata{Owner: runs.Owner(), Run: u.RunRecord.Run()}
	if u.From == nil {
		return gc.HoldNetwork(ctx, u.docker, u.network(), by)
	}
	release, err = gc.HoldNetwork(ctx, u.docker, u.network(), by, u.From.Subnets()...)
	if hint.ReasonOf(err) == hint.SubnetTaken.Name && len(u.From.Fixed()) == 0 {
		return gc.HoldNetwork(ctx, u.docker, u.network(), by)
	}
	return release, err
}

// failed wraps the error of nodes that could not be created, with the last errors of their
// components. A reason that it has is kept.
func (u *Up) failed(ctx context.Context, err error) error {
	err = health.WithLastErrors(ctx, u.cluster, err)
	if hint.ReasonOf(err) != "" {
		return err
	}
	return hint.CreateFailed.Wrap(err, "the nodes could not be made", "run again with --retain and look into a node: docker logs "+u.first())
}

// first is the name of the first control plane.
func (u *Up) first() string { return provider.NodeName(u.Topology.Name, clusters.ControlPlane, 1) }

// firstNode is the first control plane.
func (u *Up) firstNode() *provider.Node { return u.cluster.Node(u.first()) }

// containers are all that the cluster is to have, with those of an external etcd.
func (u *Up) containers() []provider.PlannedNode {
	planned := provider.PlannedNodes(u.Topology.KindConfig(u.settings()), u.found.LoadBalancer)
	return append(planned, provider.ExternalEtcd(u.Topology.EtcdNames(), u.found.Node)...)
}

// writeMetadata puts what is about to be made in the run's record, and begins to write the
// metadata into it.
func (u *Up) writeMetadata(ctx context.Context, planned []provider.PlannedNode) (*provider.MetadataWriter, error) {
	id, since, err := u.docker.Identity(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var names []string
	for _, container := range planned {
		names = append(names, container.Name)
	}
	network := u.network()
	if err := u.RunRecord.Change(func(n *runs.Entry) {
		n.Creation = &runs.Creation{Docker: id, Since: since, Ahead: since.Sub(now), Containers: names, Network: network}
	}); err != nil {
		return nil, err
	}
	metadata := provider.Metadata{
		Version: u.Config.Version, Run: u.RunRecord.Run(), Owner: runs.Owner(), Cluster: u.Topology.Name, Created: now.UTC(),
		Nodes: names, Network: network, Pool: u.Pool,
	}
	if u.Pool == "" {
		metadata.Kubeconfigs = provider.KubeconfigFiles(u.Kubeconfig)
	}
	if u.Topology.TTL > 0 {
		metadata.Expires = metadata.Created.Add(u.Topology.TTL)
	}
	return u.cluster.WriteMetadata(ctx, metadata)
}

// remove takes back create and what has become of it.
func (u *Up) remove(ctx context.Context) error {
	if u.workers != nil {
		u.workers.stop()
		<-u.workers.ended
	}
	if !u.ownsNodes {
		return nil
	}
	err := u.recordKubeconfigChange(func() error {
		_, err := gc.Remove(ctx, u.docker, u.Topology.Name, gc.RemoveOptions{Network: u.Topology.Network, Kubeconfig: u.Kubeconfig})
		return err
	})
	if err != nil {
		u.Left = true
		return hint.RemoveFailed.Wrap(err, "something of cluster "+u.Topology.Name+" may be left", "remove it: kindctl down -n "+u.Topology.Name)
	}
	return nil
}

// recordKubeconfigChange puts a change of the user's kubeconfig in the run's record for as long as it
// takes: a process that is killed then leaves the file locked.
func (u *Up) recordKubeconfigChange(change func() error) error {
	begun := runs.KubeconfigChange{Since: time.Now(), Files: provider.KubeconfigFiles(u.Kubeconfig)}
	if err := u.RunRecord.Change(func(n *runs.Entry) { n.KubeconfigChange = &begun }); err != nil {
		return err
	}
	return errors.Join(change(), u.RunRecord.Change(func(n *runs.Entry) { n.KubeconfigChange = nil }))
}

// merge adds the cluster to the user's kubeconfig.
func (u *Up) merge(ctx context.Context) error {
	return u.recordKubeconfigChange(func() error { return u.cluster.MergeKubeconfig(ctx, u.Kubeconfig, u.KeepContext) })
}
