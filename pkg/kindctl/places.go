package kindctl

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/ports"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
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
func newAddon(t clusters.Topology, facts host.Facts) (plugin.Addon, error) {
	return addons.New(t.CNI, addonOptions(t, facts))
}

// ValidateCNI reports what is wrong with the configuration's settings of the CNI, as
// the makers of the CNI describe them. Where there are none it does nothing.
func ValidateCNI(ctx context.Context, t clusters.Topology, sink event.Sink) error {
	cni, err := addons.New(t.CNI, addonOptions(t, host.Facts{}))
	if cni == nil || err != nil {
		return err
	}
	return cni.Validate(func(bundle charts.Bundle) (fs.FS, error) { return charts.Library{Sink: sink}.Find(ctx, bundle) })
}

// Shortcut is one setting in which a cluster differs from production.
type Shortcut = fidelity.Shortcut

// Shortcuts are those that a cluster would take, on a host that lacks nothing.
func Shortcuts(t clusters.Topology) ([]Shortcut, error) {
	cni, err := addons.New(t.CNI, addonOptions(t, host.Facts{}))
	if err != nil {
		return nil, err
	}
	all := t.Shortcuts()
	if cni != nil {
		all = append(all, cni.Shortcuts()...)
	}
	return all, nil
}

// addonOptions are what addons need to know of the cluster that is planned.
func addonOptions(t clusters.Topology, facts host.Facts) plugin.Options {
	front := "control-plane"
	if t.ControlPlanes > 1 {
		front = "external-load-balancer"
	}
	return plugin.Options{
		Settings: t.CNISettings[t.CNI], Place: t.Place,
		PodSubnet: t.Pods(), ProxyMode: t.ProxyMode,
		APIServerHost: t.Name + "-" + front, APIServerPort: ports.APIServer,
		LacksSysResource: facts.Lacks("CAP_SYS_RESOURCE"),
		SingleNode:       t.Nodes() == 1,
		Production:       t.Production(),
		LacksVXLAN:       facts.Kernel.Supports(host.VXLAN) == host.Absent,
	}
}
