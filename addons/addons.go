// Package addons is the catalog of what kindctl can install into a cluster.
package addons

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/addons/calico"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// catalog has the CNIs by name.
var catalog = map[string]plugin.CNI{}

func init() {
	Register(cilium.CNI)
	Register(calico.CNI)
}

// Register adds a CNI to the catalog, for configurations, commands and verification.
// Programs with a CNI of their own do so before they use kindctl. It panics if the name
// is taken.
func Register(c plugin.CNI) {
	cni.Register(c.CNI)
	catalog[c.Name] = c
}

// None is the name for no addon at all.
const None = cni.None

// Names lists the addons, sorted.
func Names() []string { return slices.Sorted(maps.Keys(catalog)) }

// New makes the addon of a name. For None it returns nil.
func New(name string, options plugin.Options) (plugin.Addon, error) {
	if name == None {
		return nil, nil
	}
	found, known := catalog[name]
	if !known {
		return nil, hint.CNIUnknown.New(fmt.Sprintf("there is no CNI %q", name), "use one of: "+strings.Join(append(Names(), None), ", "))
	}
	return found.Addon(options), nil
}

// CNIs are how each addon is recognized in a cluster, in the order in which they were
// registered.
func CNIs() (known []verify.CNI) {
	for _, c := range cni.All() {
		known = append(known, catalog[c.Name].Addon(plugin.Options{}).Known())
	}
	return known
}

// Checks returns the checks of the addon of a name, or none for an unknown one.
func Checks(name string) []verify.Check {
	if found, known := catalog[name]; known {
		return found.Addon(plugin.Options{}).Checks()
	}
	return nil
}

// Workloads names the DaemonSets and Deployments that the addon of a name runs in
// kube-system.
func Workloads(name string) []string {
	if found, known := catalog[name]; known {
		return found.Addon(plugin.Options{}).Workloads()
	}
	return nil
}

// State asks the agents of a CNI how they see things, for people. Answers come
// with the node and a word for the question. Other CNIs are not asked.
func State(ctx context.Context, client *kube.Client, name string, answer func(node, name, text string)) error {
	if found, known := catalog[name]; known {
		return found.Addon(plugin.Options{}).State(ctx, client, answer)
	}
	return nil
}

// Rejoin removes what a CNI remembers of nodes that came back at other addresses and
// would not correct by itself.
func Rejoin(ctx context.Context, client *kube.Client, name string) error {
	if found, known := catalog[name]; known {
		return found.Addon(plugin.Options{}).Rejoin(ctx, client)
	}
	return nil
}
