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
	u.dryRun = DryRunResult{Cluster: u.Topology.Name, CNI: u.Topology.CNI, Context: provider.Context(u.Topology.Name),
		Kubeconfig: provider.KubeconfigTarget(u.Kubeconfig)}
	defer u.connection()()
	var err error
	u.dryRun.Steps, err = plan.DryRun(ctx, u.Plan(), u.Sink)
	return u.dryRun, err
}

func (u *Up) dryRunExisting(ctx context.Context) ([]string, error) {
	there, err := u.findExisting(ctx)
	if err != nil || !there {
		return nil, err
	}
	u.dryRun.Exists = true
	checks, _ := u.dryRunVerify(ctx)
	context, _ := u.dryRunKubeconfig(ctx)
	return append(checks, context...), plan.ErrDone
}

func (u *Up) dryRunImages(ctx context.Context) (changes []string, err error) {
	resolver, err := u.Dependencies.Images(u.docker, u.facts)
	if err != nil {
		return nil, err
	}
	if u.found, changes, err = resolver.DryRun(ctx, u.request()); err != nil {
		return nil, err
	}
	u.dryRun.NodeImage, u.dryRun.Source = u.found.Node, u.found.Source
	if err := checkSnapshotter(u.found, u.facts); err != nil {
		return changes, err
	}
	if u.found.Source == images.Local { // others would have to be had first
		if err = u.checkGates(ctx); err == nil {
			err = u.checkPatches(ctx)
		}
	}
	if err != nil {
		return changes, err
	}
	downloads, err := u.dryRunSources(ctx, resolver.Docker)
	return append(changes, downloads...), err
}

func (u *Up) dryRunCreate(ctx context.Context) (changes []string, err error) {
	network := u.network()
	there, err := u.docker.HasNetwork(ctx, network)
	if err != nil {
		return nil, err
	}
	u.dryRun.Network, u.dryRun.NewNetwork = network, !there
	u.dryRun.Nodes = u.containers()
	if !there {
		changes = append(changes, "make network "+network)
	}
	for _, node := range u.dryRun.Nodes {
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
	if u.Topology.TTL > 0 {
		changes = append(changes, fmt.Sprintf("let the cluster expire after %v", u.Topology.TTL))
	}
	return changes, nil
}

func (u *Up) dryRunNodeConfig(context.Context) (changes []string, err error) {
	for _, node := range u.Topology.Each() {
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

func (u *Up) dryRunLoad(context.Context) (changes []string, err error) {
	for _, archive := range u.found.Archives {
		changes = append(changes, "put image "+archive.Image+" into the nodes")
	}
	return changes, nil
}

func (u *Up) dryRunCNI(context.Context) ([]string, error) {
	u.dryRun.CNIVersion = u.addon.Version()
	return []string{fmt.Sprintf("install %s %s", u.addon.Name(), u.addon.Version())}, nil
}

func (u *Up) dryRunManifests(context.Context) (changes []string, err error) {
	for _, m := range u.manifests {
		changes = append(changes, fmt.Sprintf("apply the objects of %s: %d", m.source, len(m.objects)))
	}
	return changes, nil
}

func (u *Up) dryRunVerify(context.Context) ([]string, error) {
	return []string{"run probe pods in a namespace of their own, and remove them"}, nil
}

func (u *Up) dryRunKubeconfig(context.Context) ([]string, error) {
	return []string{fmt.Sprintf("add context %s to %s, as the current one", u.dryRun.Context, u.dryRun.Kubeconfig)}, nil
}
