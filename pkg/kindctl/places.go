package kindctl

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/addons/calico"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/fidelity"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Places wires the recipe to the addons, the image sources and the forge, for
// one cluster. The mirror is a registry to pull through, "HOST/PREFIX", or "".
func Places(topology clusters.Topology, mirror string, sink event.Sink) bootstrap.Dependencies {
	return bootstrap.Dependencies{
		Probe: verify.DefaultProbeImage,
		Addon: newAddon,
		Images: func(docker *provider.Docker, facts host.Facts) (*images.Resolver, error) {
			cache, err := os.UserCacheDir()
			if err != nil {
				return nil, err
			}
			return &images.Resolver{
				Docker:   images.NewEngine(docker.Client()),
				Registry: &images.Remote{Mirror: mirror, Architecture: facts.Architecture},
				Builder:  builder{cni: topology.CNI, kubernetes: topology.Kubernetes(), sink: sink},
				Store:    &images.Store{Dir: filepath.Join(cache, "kindctl", "images")},
				Sink:     sink,
			}, nil
		},
	}
}

// newAddon makes the CNI of a topology, nil for none.
func newAddon(t clusters.Topology, facts host.Facts) (bootstrap.Addon, error) {
	addon, err := addons.New(t.CNI, addonOptions(t, facts))
	if addon == nil || err != nil {
		return nil, err
	}
	return addon, nil
}

// ValidateCNI reports what is wrong with the configuration's settings of the CNI, as
// the makers of the CNI describe them. Where there are none it does nothing.
func ValidateCNI(ctx context.Context, t clusters.Topology, sink event.Sink) error {
	addon, err := addons.New(t.CNI, addonOptions(t, host.Facts{}))
	if addon == nil || err != nil {
		return err
	}
	return addon.Validate(func(bundle charts.Bundle) (fs.FS, error) { return charts.Library{Sink: sink}.Find(ctx, bundle) })
}

// Shortcuts are those that a cluster would take, on a host that lacks nothing.
func Shortcuts(t clusters.Topology) ([]fidelity.Shortcut, error) {
	addon, err := addons.New(t.CNI, addonOptions(t, host.Facts{}))
	if err != nil {
		return nil, err
	}
	all := t.Shortcuts()
	if addon != nil {
		all = append(all, addon.Shortcuts()...)
	}
	return all, nil
}

// apiServerPort is the API server's port on the nodes' network.
const apiServerPort = 6443

// addonOptions are what addons need to know of the cluster that is planned.
func addonOptions(t clusters.Topology, facts host.Facts) addons.Options {
	front := "control-plane"
	if t.ControlPlanes > 1 {
		front = "external-load-balancer"
	}
	return addons.Options{
		Cilium: ciliumSettings(t), Calico: calicoSettings(t),
		PodSubnet: t.Pods(), ProxyMode: t.ProxyMode,
		APIServerHost: t.Name + "-" + front, APIServerPort: apiServerPort,
		LacksSysResource: facts.Lacks("CAP_SYS_RESOURCE"),
		SingleNode:       t.Nodes() == 1,
		Production:       t.Production(),
		LacksVXLAN:       facts.Kernel.Supports(host.VXLAN) == host.Absent,
	}
}

// ciliumSettings are what the configuration asks of Cilium.
func ciliumSettings(t clusters.Topology) cilium.Settings {
	if t.Cilium == nil {
		return cilium.Settings{}
	}
	return cilium.Settings{Hubble: t.Cilium.Hubble, DNSProxy: t.Cilium.DNSProxy, L7Proxy: t.Cilium.L7Proxy, GatewayAPI: t.Cilium.GatewayAPI, Values: t.Cilium.Values, Place: t.Place}
}

// calicoSettings are what the configuration asks of Calico.
func calicoSettings(t clusters.Topology) calico.Settings {
	if t.Calico == nil {
		return calico.Settings{}
	}
	return calico.Settings{Felix: t.Calico.Felix, Place: t.Place}
}
