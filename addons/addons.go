// Package addons is the catalog of what kindctl can install into a cluster:
// an explicit list.
package addons

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/addons/calico"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/fidelity"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Addon is what every entry of the catalog offers.
type Addon interface {
	Name() string
	Version() string
	Tested() (oldest, newest string)
	Validate(find charts.Finder) error
	Images() []string
	Needs() []host.Need
	Sources() []charts.Bundle
	Install(context.Context, *kube.Client, charts.Finder) error
	Checks() []verify.Check
	Workloads() []string
	Shortcuts() []fidelity.Shortcut
	State(ctx context.Context, client *kube.Client, answer func(node, name, text string)) error
}

// Options are what addons need to know of the cluster and its host.
type Options struct {
	// PodSubnet is the cluster's pod CIDR, or one of each IP family with a comma
	// between.
	PodSubnet string
	// ProxyMode is iptables, nftables, ipvs or none.
	ProxyMode string
	// APIServer is the API server's host and port as nodes reach it.
	APIServerHost string
	APIServerPort int
	// SingleNode says that the cluster has one node only.
	SingleNode bool
	// LacksSysResource says that no container can have CAP_SYS_RESOURCE.
	LacksSysResource bool
	// LacksVXLAN says that the kernel has no VXLAN.
	LacksVXLAN bool
	// Production leaves out what only makes a cluster quicker.
	Production bool
	// Cilium are the user's own settings of Cilium.
	Cilium cilium.Settings
	// Calico are the user's own settings of Calico.
	Calico calico.Settings
}

// None is the name for no addon at all.
const None = "none"

// catalog makes each addon.
var catalog = map[string]func(Options) Addon{
	"cilium": func(o Options) Addon {
		return cilium.New(cilium.Options{PodSubnet: o.PodSubnet, ProxyMode: o.ProxyMode, APIServerHost: o.APIServerHost, APIServerPort: o.APIServerPort, LacksSysResource: o.LacksSysResource, SingleNode: o.SingleNode, Production: o.Production, Settings: o.Cilium})
	},
	"calico": func(o Options) Addon {
		return calico.New(calico.Options{PodSubnet: o.PodSubnet, ProxyMode: o.ProxyMode, APIServerHost: o.APIServerHost, APIServerPort: o.APIServerPort, NoTunnel: o.LacksVXLAN, Production: o.Production, Settings: o.Calico})
	},
}

// Names lists the addons, sorted.
func Names() []string {
	var names []string
	for name := range catalog {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New makes the addon of a name. For None it returns nil.
func New(name string, options Options) (Addon, error) {
	if name == None {
		return nil, nil
	}
	create, known := catalog[name]
	if !known {
		return nil, hint.CNIUnknown.New(fmt.Sprintf("there is no CNI %q", name), "use one of: "+strings.Join(append(Names(), None), ", "))
	}
	return create(options), nil
}

// CNIs are what tells of each addon that a cluster has it.
func CNIs() []verify.CNI { return []verify.CNI{cilium.CNI, calico.CNI} }

// Checks returns the checks of the addon of a name, or none for an unknown one.
func Checks(name string) []verify.Check {
	if create, known := catalog[name]; known {
		return create(Options{}).Checks()
	}
	return nil
}

// Workloads names the DaemonSets and Deployments that the addon of a name runs in
// kube-system.
func Workloads(name string) []string {
	if create, known := catalog[name]; known {
		return create(Options{}).Workloads()
	}
	return nil
}

// State asks the agents of a CNI how they see things, for people. Answers come
// with the node and a word for the question. Other CNIs are not asked.
func State(ctx context.Context, client *kube.Client, name string, answer func(node, name, text string)) error {
	if create, known := catalog[name]; known {
		return create(Options{}).State(ctx, client, answer)
	}
	return nil
}

// Rejoin puts in order what a CNI remembers of nodes that came back at other
// addresses and would not correct by itself.
func Rejoin(ctx context.Context, client *kube.Client, name string) error {
	if name == "cilium" {
		return cilium.Rejoin(ctx, client)
	}
	return nil
}
