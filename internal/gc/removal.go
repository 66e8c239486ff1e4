package gc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
)

// Removal is what goes when a cluster is removed. Making it changes nothing.
type Removal struct {
	Cluster string `json:"cluster"`
	// Reason is why gc removes it, or "" for a removal on request.
	Reason     string   `json:"reason,omitempty"`
	Containers []string `json:"containers,omitempty"`
	Volumes    []string `json:"volumes,omitempty"`
	// Networks are those that kindctl created and no other container is on.
	Networks []string `json:"networks,omitempty"`
	// Kubeconfigs are the files that lose the cluster's context.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`

	// companions are those of the containers that kind does not know.
	companions []string
	// shared are networks that kindctl created and other containers are on.
	shared []string
	// pending is how many containers a killed process was creating. Some of them may still
	// appear; 0 is none.
	pending int
	// network is one that this process may have been connected to.
	network string
}

// RemoveOptions say what Remove cannot see.
type RemoveOptions struct {
	// Network is the one that the nodes were to be on; "" is the one that kind takes.
	Network string
	// Kubeconfig is the file that has the cluster's context; "" stands for the usual ones.
	Kubeconfig string
	// Pending is how many containers a process was making that was killed.
	Pending int
}

// Remove removes a cluster's containers with their volumes, its entry in the
// kubeconfig, and the networks that kindctl made if nothing else is on them. It returns
// what was removed.
func Remove(ctx context.Context, docker *provider.Docker, name string, o RemoveOptions) (Removal, error) {
	removal, err := PlanRemoval(ctx, docker, name, o.Kubeconfig)
	if err != nil {
		return removal, err
	}
	removal.network, removal.pending = provider.NetworkName(o.Network), o.Pending
	if err := removal.addNetworks(ctx, docker, removal.network); err != nil { // there may be no container that would name it
		return removal, err
	}
	return removal, removal.Run(ctx, docker)
}

// Empty reports whether there is nothing to remove.
func (r Removal) Empty() bool {
	return len(r.Containers)+len(r.Volumes)+len(r.Networks)+len(r.Kubeconfigs) == 0
}

// Titles says what Run would do, a line for each thing.
func (r Removal) Titles() (lines []string) {
	for _, name := range r.Containers {
		lines = append(lines, "remove container "+name)
	}
	for _, name := range r.Volumes {
		lines = append(lines, "remove volume "+name)
	}
	for _, name := range r.Networks {
		lines = append(lines, "remove network "+name)
	}
	for _, file := range r.Kubeconfigs {
		lines = append(lines, fmt.Sprintf("remove context %s from %s", provider.Context(r.Cluster), file))
	}
	return lines
}

// Down removes a cluster once no other command is changing it, and returns what was removed.
// That there is none is no error. kubeconfig is that of RemoveOptions.
func Down(ctx context.Context, docker *provider.Docker, name, kubeconfig string, sink event.Sink) (Removal, error) {
	release, err := runs.LockWait(ctx, name, func() {
		event.Inform(sink, event.Phase, "down", "waiting for another kindctl process that is changing cluster "+name)
	})
	if err != nil {
		return Removal{}, err
	}
	defer release()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "down", Title: "Remove cluster " + name})
	removed, err := Remove(ctx, docker.WithSink(sink), name, RemoveOptions{Kubeconfig: kubeconfig})
	switch {
	case err != nil:
		span.Failed(err.Error(), "")
	case removed.Empty():
		span.Skipped("there is none")
	default:
		span.Done("")
	}
	return removed, err
}

// inventories are as much of Docker as it takes to find out what there is.
type inventories interface {
	Inventory(ctx context.Context, cluster string) (provider.Inventory, error)
	Inventories(ctx context.Context) ([]provider.Inventory, error)
	NetworkUse(ctx context.Context, network, cluster string) (made, unused bool, err error)
	HasKept(ctx context.Context, node *provider.Node) (bool, error)
}

// PlanRemoval looks for what a cluster has. kubeconfig is a file, or "" for the
// usual ones; those that got the cluster's context before are looked at as well. None has the
// context of a cluster that is in the pool. No
// cluster is an empty Removal, or one of a context that is left.
func PlanRemoval(ctx context.Context, docker inventories, name, kubeconfig string) (Removal, error) {
	found, err := docker.Inventory(ctx, name)
	if err != nil {
		return Removal{}, err
	}
	metadata, _, err := found.Metadata()
	if err != nil {
		return Removal{}, err
	}
	files := provider.KubeconfigFiles(kubeconfig)
	if metadata.Pool != "" {
		files = nil
	}
	r, err := planRemoval(ctx, docker, found, files, func(string) bool { return true })
	if err != nil {
		return Removal{}, err
	}
	if metadata.Owner != runs.Owner() {
		return r, nil
	}
	own := portsOf(found)
	for _, file := range metadata.Kubeconfigs {
		port, has, err := provider.KubeconfigEntry(file, name)
		if err == nil && has && own(port) && !slices.Contains(r.Kubeconfigs, file) {
			r.Kubeconfigs = append(r.Kubeconfigs, file)
		}
	}
	return r, nil
}

// planRemoval is PlanRemoval for an inventory. Of the kubeconfigs, those lose the
// context whose port of the API server is the cluster's.
func planRemoval(
	ctx context.Context, docker inventories, found provider.Inventory, kubeconfigs []string, own func(port string) bool,
) (Removal, error) {
	r := Removal{
		Cluster:    found.Cluster,
		network:    provider.NetworkName(""),
		Containers: slices.Clone(found.Companions),
		companions: found.Companions,
	}
	var networks []string
	for _, container := range found.Nodes {
		r.Containers = append(r.Containers, container.Name)
		r.Volumes = append(r.Volumes, container.Volumes...)
		networks = append(networks, container.Network)
	}
	if err := r.addNetworks(ctx, docker, networks...); err != nil {
		return Removal{}, err
	}
	for _, file := range kubeconfigs {
		port, has, err := provider.KubeconfigEntry(file, found.Cluster)
		if err != nil || has && own(port) { // Run says what is wrong with it, at the end
			r.Kubeconfigs = append(r.Kubeconfigs, file)
		}
	}
	return r, nil
}

// addNetworks adds those that go with the cluster.
func (r *Removal) addNetworks(ctx context.Context, docker inventories, names ...string) error {
	for _, name := range names {
		if slices.Contains(r.Networks, name) || slices.Contains(r.shared, name) {
			continue
		}
		made, unused, err := docker.NetworkUse(ctx, name, r.Cluster)
		if err != nil {
			return err
		}
		switch {
		case unused:
			r.Networks = append(r.Networks, name)
		case made:
			r.shared = append(r.shared, name)
		}
	}
	return nil
}

// Run removes it, and adds the containers that came in the meantime. The cluster
// must be claimed.
func (r *Removal) Run(ctx context.Context, docker *provider.Docker) error {
	cluster := docker.Cluster(r.Cluster)
	came, err := []string(nil), error(nil)
	if r.pending > 0 {
		came, err = cluster.DeletePending(ctx, r.pending)
	} else {
		err = cluster.Delete(ctx)
	}
	if err != nil {
		return err
	}
	for _, name := range came {
		if !slices.Contains(r.Containers, name) {
			r.Containers = append(r.Containers, name)
		}
	}
	var failures []error
	for _, name := range r.companions {
		failures = append(failures, cluster.Node(name).Remove(ctx))
	}
	for _, file := range r.Kubeconfigs {
		failures = append(failures, cluster.RemoveKubeconfig(ctx, file))
	}
	failures = append(failures, docker.RemoveVolumes(ctx, r.Volumes))
	for _, network := range append([]string{r.network}, append(r.Networks, r.shared...)...) {
		failures = append(failures, docker.LeaveNetwork(ctx, network))
	}
	for _, network := range r.Networks {
		_, err := dropNetwork(ctx, docker, network)
		failures = append(failures, err)
	}
	for _, network := range r.shared { // the others may have gone meanwhile
		dropped, err := dropNetwork(ctx, docker, network)
		failures = append(failures, err)
		if dropped {
			r.Networks = append(r.Networks, network)
		}
	}
	return errors.Join(failures...)
}
