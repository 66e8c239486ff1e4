package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
)

// DryRunResult is what "up" would make.
type DryRunResult struct {
	Cluster string `json:"cluster"`
	// Exists says that the cluster is there in the same shape: it would be verified.
	Exists bool `json:"exists"`
	// Nodes are the containers that would be made, with the load balancer.
	Nodes []provider.PlannedNode `json:"nodes,omitempty"`
	// NodeImage is what they are made from, and Source where it comes from: local,
	// registry or build.
	NodeImage string      `json:"nodeImage,omitempty"`
	Source    images.Mode `json:"imageSource,omitempty"`
	// Network is the one that they would be on; it would be made if NewNetwork.
	Network    string `json:"network,omitempty"`
	NewNetwork bool   `json:"newNetwork,omitempty"`
	// CNI and CNIVersion are what would be installed.
	CNI        string `json:"cni"`
	CNIVersion string `json:"cniVersion,omitempty"`
	// Context would be added to the file Kubeconfig.
	Context    string      `json:"context"`
	Kubeconfig string      `json:"kubeconfig"`
	Steps      []plan.Step `json:"steps"`
}

// DryRun says what Run would do, and changes nothing. What Run would refuse is
// an error.
func (u *Up) DryRun(ctx context.Context) (DryRunResult, error) {
	u.planned = DryRunResult{Cluster: u.Topology.Name, CNI: u.Topology.CNI, Context: provider.Context(u.Topology.Name),
		Kubeconfig: provider.KubeconfigTarget(u.Kubeconfig)}
	defer u.connection()()
	var err error
	u.planned.Steps, err = plan.DryRun(ctx, u.Plan(), u.Sink)
	return u.planned, err
}

// dryRun says phase by phase what Up would do, and notes it in the plan.
type dryRun struct{ up *Up }

func (d dryRun) existing(ctx context.Context) ([]string, error) {
	there, err := d.up.findExisting(ctx)
	if err != nil || !there {
		return nil, err
	}
	d.up.planned.Exists = true
	checks, _ := d.verify(ctx)
	context, _ := d.kubeconfig(ctx)
	return append(checks, context...), plan.ErrDone
}

func (d dryRun) images(ctx context.Context) (changes []string, err error) {
	resolver, err := d.up.Dependencies.Images(d.up.docker, d.up.facts)
	if err != nil {
		return nil, err
	}
	if d.up.found, changes, err = resolver.DryRun(ctx, d.up.request()); err != nil {
		return nil, err
	}
	d.up.planned.NodeImage, d.up.planned.Source = d.up.found.Node, d.up.found.Source
	if err := checkSnapshotter(d.up.found, d.up.facts); err != nil {
		return changes, err
	}
	if d.up.found.Source == images.Local { // others would have to be had first
		err = configCheck{d.up}.run(ctx)
	}
	if err != nil {
		return changes, err
	}
	downloads, err := d.sources(ctx, resolver.Docker)
	return append(changes, downloads...), err
}

func (d dryRun) create(ctx context.Context) (changes []string, err error) {
	network := d.up.network()
	there, err := d.up.docker.HasNetwork(ctx, network)
	if err != nil {
		return nil, err
	}
	d.up.planned.Network, d.up.planned.NewNetwork = network, !there
	d.up.planned.Nodes = d.up.containers()
	if !there {
		changes = append(changes, "make network "+network)
	}
	for _, node := range d.up.planned.Nodes {
		var line strings.Builder
		fmt.Fprintf(&line, "make container %s from %s, on network %s", node.Name, node.Image, network)
		for _, port := range node.Ports {
			line.WriteString(", with " + port)
		}
		for _, mount := range node.Mounts {
			line.WriteString(", with " + mount)
		}
		changes = append(changes, line.String())
	}
	if d.up.Topology.TTL > 0 {
		changes = append(changes, fmt.Sprintf("let the cluster expire after %v", d.up.Topology.TTL))
	}
	return changes, nil
}

func (d dryRun) nodeConfig(context.Context) (changes []string, err error) {
	for _, node := range d.up.Topology.Each() {
		for _, key := range slices.Sorted(maps.Keys(node.Labels)) {
			changes = append(changes, fmt.Sprintf("label node %s with %s=%s", node.Name, key, node.Labels[key]))
		}
		if node.CPUs != "" || node.Memory != "" {
			changes = append(changes, fmt.Sprintf("limit node %s to %s processors and %s of memory", node.Name, cmp.Or(node.CPUs, "all"),
				cmp.Or(node.Memory, "all")))
		}
	}
	return changes, nil
}

func (d dryRun) load(context.Context) (changes []string, err error) {
	for _, archive := range d.up.found.Archives {
		changes = append(changes, "put image "+archive.Image+" into the nodes")
	}
	return changes, nil
}

func (d dryRun) cni(context.Context) ([]string, error) {
	d.up.planned.CNIVersion = d.up.addon.Version()
	return []string{fmt.Sprintf("install %s %s", d.up.addon.Name(), d.up.addon.Version())}, nil
}

func (d dryRun) manifests(context.Context) (changes []string, err error) {
	for _, m := range d.up.manifests {
		changes = append(changes, fmt.Sprintf("apply the objects of %s: %d", m.source, len(m.objects)))
	}
	return changes, nil
}

func (d dryRun) verify(context.Context) ([]string, error) {
	return []string{"run probe pods in a namespace of their own, and remove them"}, nil
}

func (d dryRun) kubeconfig(context.Context) ([]string, error) {
	return []string{fmt.Sprintf("add context %s to %s, as the current one", d.up.planned.Context, d.up.planned.Kubeconfig)}, nil
}
