package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kindctl/kindctl/pkg/provider"
)

// Removal is what goes when a cluster is removed. Making it changes nothing.
type Removal struct {
	Cluster string `json:"cluster"`
	// Reason is why it is removed, or "" when somebody wants it.
	Reason     string   `json:"reason,omitempty"`
	Containers []string `json:"containers,omitempty"`
	Volumes    []string `json:"volumes,omitempty"`
	// Networks are those that kindctl made and nobody else is on.
	Networks []string `json:"networks,omitempty"`
	// Kubeconfigs are the files that lose the cluster's context.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`

	// companions are those of the containers that kind does not know.
	companions []string
	// shared are networks that kindctl made, on which somebody else is now.
	shared []string
	// coming is how many containers a killed process was making, of which some may still
	// come; 0 is none.
	coming int
}

// Empty tells whether there is nothing to remove.
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

// docker is as much of an engine as it takes to find out what there is.
type docker interface {
	Inventory(ctx context.Context, cluster string) (provider.Inventory, error)
	Inventories(ctx context.Context) ([]provider.Inventory, error)
	Spare(ctx context.Context, network, cluster string) (made, spare bool, err error)
}

// PlanRemoval looks for what a cluster has. kubeconfig is a file, or "" for the
// usual ones. No cluster is an empty Removal, or one of a context that is left.
func PlanRemoval(ctx context.Context, engine *provider.Engine, name, kubeconfig string) (Removal, error) {
	found, err := engine.Inventory(ctx, name)
	if err != nil {
		return Removal{}, err
	}
	return planRemoval(ctx, engine, found, provider.KubeconfigFiles(kubeconfig), func(string) bool { return true })
}

// planRemoval is PlanRemoval for an inventory. Of the kubeconfigs, those lose the
// context whose port of the API server is the cluster's.
func planRemoval(ctx context.Context, engine docker, found provider.Inventory, kubeconfigs []string, own func(port string) bool) (Removal, error) {
	r := Removal{Cluster: found.Cluster, Containers: slices.Clone(found.Companions), companions: found.Companions}
	var networks []string
	for _, container := range found.Containers {
		r.Containers = append(r.Containers, container.Name)
		r.Volumes = append(r.Volumes, container.Volumes...)
		networks = append(networks, container.Network)
	}
	if err := r.addNetworks(ctx, engine, networks...); err != nil {
		return Removal{}, err
	}
	for _, file := range kubeconfigs {
		port, has, err := provider.Entry(file, found.Cluster)
		if err != nil || has && own(port) { // Run tells what is wrong with it, at the end
			r.Kubeconfigs = append(r.Kubeconfigs, file)
		}
	}
	return r, nil
}

// addNetworks adds those that go with the cluster.
func (r *Removal) addNetworks(ctx context.Context, engine docker, names ...string) error {
	for _, name := range names {
		if slices.Contains(r.Networks, name) || slices.Contains(r.shared, name) {
			continue
		}
		made, spare, err := engine.Spare(ctx, name, r.Cluster)
		if err != nil {
			return err
		}
		switch {
		case spare:
			r.Networks = append(r.Networks, name)
		case made:
			r.shared = append(r.shared, name)
		}
	}
	return nil
}

// Run removes it, and adds the containers that came in the meantime. The cluster
// must be claimed.
func (r *Removal) Run(ctx context.Context, kind *provider.Provider, engine *provider.Engine) error {
	came, err := []string(nil), error(nil)
	if r.coming > 0 {
		came, err = kind.DeleteComing(ctx, r.Cluster, r.coming)
	} else {
		err = kind.Delete(ctx, r.Cluster)
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
		failures = append(failures, engine.Discard(ctx, name))
	}
	for _, file := range r.Kubeconfigs {
		failures = append(failures, kind.DropEntry(ctx, file, r.Cluster))
	}
	failures = append(failures, engine.DropVolumes(ctx, r.Volumes))
	for _, network := range append([]string{kind.NetworkName()}, append(r.Networks, r.shared...)...) {
		failures = append(failures, provider.Leave(network))
	}
	for _, network := range r.Networks {
		_, err := dropNetwork(ctx, engine, network)
		failures = append(failures, err)
	}
	for _, network := range r.shared { // the others may have gone meanwhile
		dropped, err := dropNetwork(ctx, engine, network)
		failures = append(failures, err)
		if dropped {
			r.Networks = append(r.Networks, network)
		}
	}
	return errors.Join(failures...)
}
