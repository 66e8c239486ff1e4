// Package wiring connects the recipe of "up" with the addons, the sources of images and the
// forge.
package wiring

import (
	"os"
	"path/filepath"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/ports"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ErrNotLinux is the error of builds of images on other systems than Linux.
var ErrNotLinux = hint.NotLinux.New("images can be built on Linux only",
	"use images from a registry, or build them on a Linux machine and load them here: docker load")

// Dependencies are those of the recipe for one cluster. The mirror is a registry to pull
// through, "HOST/PREFIX", or "".
func Dependencies(topology clusters.Topology, mirror string, sink event.Sink) bootstrap.Dependencies {
	return bootstrap.Dependencies{
		Probe: verify.DefaultProbeImage,
		Addon: Addon,
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

// Addon makes the CNI of a topology, nil for none. Its error is that of a CNI that kindctl
// does not know.
func Addon(t clusters.Topology, facts host.Facts) (plugin.Addon, error) {
	return addons.New(t.CNI, options(t, facts))
}

// options are what addons need to know of the cluster that is planned.
func options(t clusters.Topology, facts host.Facts) plugin.Options {
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
