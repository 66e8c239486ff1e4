package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/scratch"
)

// settings are what the host adds to the topology, for kind.
func (u *Up) settings() clusters.NodeSettings {
	return clusters.NodeSettings{Image: u.found.Node, CgroupV1: u.facts.CgroupV1, CPUs: u.facts.CPUs, MemoryBytes: u.facts.MachineMemoryBytes, Versions: u.versions}
}

func (u *Up) create(ctx context.Context, span *event.Span) (string, error) {
	// Finding images may have taken long enough for somebody else to come first.
	if nodes, err := u.provider.Nodes(u.Topology.Name); err != nil {
		return "", err
	} else if len(nodes) > 0 {
		return "", hint.ClusterForeign.New(fmt.Sprintf("another process has just created a cluster %s", u.Topology.Name), "choose another name")
	}
	u.creation = u.begin(ctx, span)
	if err := u.creation.wait(); err != nil {
		return "", err
	}
	if err := u.connect(); err != nil {
		return "", err
	}
	if err := u.record(ctx); err != nil {
		return "", err
	}
	if err := u.writeRegistryFiles(ctx); err != nil {
		return "", err
	}
	var err error
	if u.Version, err = u.client.Version(ctx); err != nil {
		return "", err
	}
	return "from " + u.found.Node, nil
}

// makeNodes has kind make the nodes, on their network, and marks them while it does.
func (u *Up) makeNodes(ctx context.Context, steps provider.Steps) error {
	docker, err := host.Docker(ctx)
	if err != nil {
		return err
	}
	defer docker.Close()
	engine := provider.NewEngine(docker)
	u.engine = engine
	config := u.Topology.KindConfig(u.settings())
	marking, err := u.sign(ctx, engine, u.containers())
	if err != nil {
		return err
	}
	defer marking.Stop()
	u.begun = true // also a network that was made is to be removed if the nodes are not made
	release, err := hold(ctx, engine, u.provider.NetworkName(), provider.Marker{Owner: owner(), Run: u.Ticket.Run()})
	if err != nil {
		return err
	}
	defer release()
	giveBack, err := engine.Lend(ctx, u.found.LoadBalancer, provider.LoadBalancerImage)
	if err != nil {
		return err
	}
	defer giveBack()
	private, remove, err := scratch.Dir("up")
	if err != nil {
		return err
	}
	defer remove()
	err = u.provider.Create(ctx, config, filepath.Join(private, "kubeconfig"), steps)
	if err == nil {
		err = marking.Finish(ctx)
	}
	if err != nil {
		u.unsettled = true
		return hint.CreateFailed.Wrap(withLastWords(ctx, engine, u.Topology.Name, err), "the nodes could not be made",
			"run again with --retain and look into a node: docker logs "+u.Topology.Name+"-control-plane")
	}
	return nil
}

// containers are all that the cluster is to have: kind's and those of an external
// etcd.
func (u *Up) containers() []provider.Planned {
	return append(provider.Containers(u.Topology.KindConfig(u.settings())), provider.ContainersApart(u.Topology.EtcdNames(), u.found.Node)...)
}

// sign puts what is about to be made on the run's ticket, and begins to mark it.
func (u *Up) sign(ctx context.Context, engine *provider.Engine, planned []provider.Planned) (*provider.Marking, error) {
	id, since, err := engine.Identity(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var names []string
	for _, container := range planned {
		names = append(names, container.Name)
	}
	network := u.provider.NetworkName()
	if err := u.Ticket.change(func(n *note) {
		n.Making = &making{Docker: id, Since: since, Ahead: since.Sub(now), Containers: names, Network: network}
	}); err != nil {
		return nil, err
	}
	marker := provider.Marker{
		Version: u.Config.Version, Run: u.Ticket.Run(), Owner: owner(), Cluster: u.Topology.Name, Created: now.UTC(),
		Nodes: names, Network: network, Kubeconfigs: provider.KubeconfigFiles(u.Kubeconfig),
	}
	if marker.Version == "" {
		marker.Version = builtVersion()
	}
	if u.Topology.TTL > 0 {
		marker.Expires = marker.Created.Add(u.Topology.TTL)
	}
	return engine.Mark(ctx, marker)
}

// remove takes back create, and what a creation that failed still makes.
func (u *Up) remove(ctx context.Context) error {
	if u.creation == nil {
		return nil
	}
	u.creation.stop(nil)
	<-u.creation.ended
	if !u.begun {
		return nil
	}
	err := u.merging(func() error { return Remove(ctx, u.provider, u.Topology.Name, u.Kubeconfig, u.unsettled) })
	if err != nil {
		u.Left = true
		return hint.RemoveFailed.Wrap(err, "something of cluster "+u.Topology.Name+" may be left", "remove it: kindctl down -n "+u.Topology.Name)
	}
	return nil
}

// merging puts a change of the user's kubeconfig on the ticket for as long as it
// takes: a process that is killed then leaves the file locked.
func (u *Up) merging(change func() error) error {
	begun := merging{Since: time.Now(), Files: provider.KubeconfigFiles(u.Kubeconfig)}
	if err := u.Ticket.change(func(n *note) { n.Merging = &begun }); err != nil {
		return err
	}
	return errors.Join(change(), u.Ticket.change(func(n *note) { n.Merging = nil }))
}

// merge adds the cluster to the user's kubeconfig.
func (u *Up) merge(ctx context.Context) error {
	return u.merging(func() error { return u.provider.MergeKubeconfig(ctx, u.Topology.Name, u.Kubeconfig, u.KeepContext) })
}
