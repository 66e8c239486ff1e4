package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/nodes"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// AddNodesOptions say which nodes AddNodes adds.
type AddNodesOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Role is clusters.Worker, which "" means too, or clusters.ControlPlane.
	Role string
	// Count is how many; 0 is one.
	Count int
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
	// Retain keeps what was created when something fails.
	Retain bool
}

// RemoveNodesOptions say which nodes RemoveNodes removes.
type RemoveNodesOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Nodes are their names, with or without the cluster's in front.
	Nodes []string
	// Force also deletes pods without a controller, and volumes on the nodes: their data
	// is lost.
	Force bool
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
}

// ScaleOptions say how many workers a cluster gets.
type ScaleOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Workers is the number of them.
	Workers int
	// Force is that of RemoveNodesOptions.
	Force bool
	// WaitTimeout bounds each wait for something to become ready; 0 is WaitTimeout.
	WaitTimeout time.Duration
}

// NodesResult is how the nodes of a cluster have changed. After an error it has what was
// known by then.
type NodesResult struct {
	// Added and Removed are names of nodes.
	Added, Removed []string
	// Report is the verdict on the cluster.
	Report verify.Report
}

// AddNodes adds nodes that are like the first of their role, and verifies the cluster.
// When it fails, the cluster is as it was.
func (c *Client) AddNodes(ctx context.Context, o AddNodesOptions) (NodesResult, error) {
	role, roles := cmp.Or(o.Role, clusters.Worker), []string{clusters.Worker, clusters.ControlPlane}
	switch {
	case !slices.Contains(roles, role):
		return NodesResult{}, hint.BadFlag.New(fmt.Sprintf("there is no role %q%s", role, hint.Nearest(role, roles)),
			"use one of: "+strings.Join(roles, ", "))
	case o.Count < 0:
		return NodesResult{}, hint.BadFlag.New(fmt.Sprintf("%d nodes cannot be added", o.Count), "use 1 or more")
	}
	unchanged := NodesResult{Report: verify.Report{Cluster: Context(cmp.Or(o.Name, DefaultName))}}
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return unchanged, err
	}
	config := c.running(docker, cluster.Name, o.WaitTimeout)
	config.Retain, config.Retainable = o.Retain, true
	return addNodes(ctx, config, role, cmp.Or(o.Count, 1))
}

// RemoveNodes drains nodes, removes them, and verifies the cluster. It refuses what
// would cost etcd its quorum, or data that Force does not give up.
func (c *Client) RemoveNodes(ctx context.Context, o RemoveNodesOptions) (NodesResult, error) {
	if len(o.Nodes) == 0 {
		return NodesResult{}, hint.NoNode.New("there is no node to remove",
			"name some: kindctl node rm worker2; they are listed by: kindctl get nodes")
	}
	unchanged := NodesResult{Report: verify.Report{Cluster: Context(cmp.Or(o.Name, DefaultName))}}
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return unchanged, err
	}
	return removeNodes(ctx, c.running(docker, cluster.Name, o.WaitTimeout), o.Force, o.Nodes)
}

// Scale adds or removes workers until there are as many as are wanted, and verifies the
// cluster. Those with the highest numbers are removed first. If there are as many
// already, it changes nothing, and verifies the cluster as well.
func (c *Client) Scale(ctx context.Context, o ScaleOptions) (NodesResult, error) {
	if o.Workers < 0 {
		return NodesResult{}, hint.BadFlag.New(fmt.Sprintf("there cannot be %d workers", o.Workers), "use 0 or more")
	}
	unchanged := NodesResult{Report: verify.Report{Cluster: Context(cmp.Or(o.Name, DefaultName))}}
	docker, cluster, err := c.existing(ctx, o.Name)
	if err != nil {
		return unchanged, err
	}
	workers, err := cluster.KubernetesNodes(ctx)
	if err != nil {
		return unchanged, err
	}
	workers = slices.DeleteFunc(workers, func(n *provider.Node) bool { return n.Role != clusters.Worker })
	config := c.running(docker, cluster.Name, o.WaitTimeout)
	switch more := o.Workers - len(workers); {
	case more > 0:
		return addNodes(ctx, config, clusters.Worker, more)
	case more < 0:
		return removeNodes(ctx, config, o.Force, newest(workers, -more))
	}
	unchanged.Report, err = c.Verify(ctx, VerifyOptions{Cluster: ClusterRef{Name: cluster.Name}})
	return unchanged, err
}

// running describes a cluster that runs to the recipes that change its nodes.
func (c *Client) running(docker *provider.Docker, name string, wait time.Duration) nodes.Config {
	return nodes.Config{Name: name, Docker: docker, WaitTimeout: cmp.Or(wait, WaitTimeout),
		Checks: checksFor, CNIs: addons.CNIs(), Workloads: addons.Workloads, Sink: c.sink()}
}

func addNodes(ctx context.Context, config nodes.Config, role string, count int) (result NodesResult, err error) {
	add := nodes.NewAdd(config, role, count)
	err = add.Run(ctx)
	result = NodesResult{Added: add.Nodes, Report: add.Verdict()}
	result.Report.Cluster = provider.Context(config.Name)
	return result, err
}

func removeNodes(ctx context.Context, config nodes.Config, force bool, names []string) (result NodesResult, err error) {
	remove := nodes.NewRemove(config, force, names...)
	err = remove.Run(ctx)
	result = NodesResult{Removed: remove.Nodes(), Report: remove.Verdict()}
	result.Report.Cluster = provider.Context(config.Name)
	return result, err
}

// newest are the names of the workers that came last: kind's numbers grow.
func newest(workers []*provider.Node, n int) (names []string) {
	slices.SortFunc(workers, func(a, b *provider.Node) int {
		return cmp.Or(len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name))
	})
	for _, worker := range workers[len(workers)-n:] {
		names = append(names, worker.Name)
	}
	return names
}
