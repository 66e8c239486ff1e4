// Package calico installs Calico from its own manifest and proves that it works.
package calico

import (
	"context"
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Version of Calico; the manifest and the images have the same.
const Version = "v3.31.0"

// manifestFile is the manifest without BGP: nodes on one network reach each other
// by plain routes, others by VXLAN. It needs neither BIRD nor the ipip module.
const manifestFile = "manifests/calico-vxlan.yaml"

// Options are what Calico needs to know of the cluster.
type Options struct {
	// PodSubnet is the cluster's pod CIDR, the only address pool, or one of each IP
	// family with a comma between.
	PodSubnet string
	// ProxyMode is kube-proxy's; Felix uses the same kernel tables.
	ProxyMode string
	// APIServerHost and APIServerPort reach the API server without a Service; "" is
	// unknown.
	APIServerHost string
	APIServerPort int
	// NoTunnel is for kernels without VXLAN: nodes reach each other's pods by
	// plain routes alone, which their common network allows.
	NoTunnel bool
	// Production leaves the agent's pods as they were published.
	Production bool
	// Settings are the user's own.
	Settings Settings
}

// Addon is Calico in a cluster.
type Addon struct {
	options Options
}

// New returns the addon.
func New(options Options) *Addon { return &Addon{options} }

// Name is what users type.
func (a *Addon) Name() string { return "calico" }

// Version is that of the images.
func (a *Addon) Version() string { return Version }

// Tested is what Calico's documentation of 3.31 says, under "System requirements".
func (a *Addon) Tested() (oldest, newest string) { return "1.32", "1.35" }

// Images are the images that the manifest names.
func (a *Addon) Images() []string {
	return []string{"quay.io/calico/cni:" + Version, "quay.io/calico/node:" + Version, "quay.io/calico/kube-controllers:" + Version}
}

// Needs are what the agents ask of the kernel. Without VXLAN they use plain routes.
func (a *Addon) Needs() []host.Need {
	if a.options.ProxyMode == "nftables" { // which the agents use then, too
		return nil
	}
	return []host.Need{{Feature: host.IPSet, For: "Calico"}, {Feature: host.XTSet, For: "Calico"}}
}

// Sources are what Install reads.
func (a *Addon) Sources() []charts.Bundle { return []charts.Bundle{charts.Calico} }

// Install applies the rendered manifest. It does not wait for the agents.
func (a *Addon) Install(ctx context.Context, client *kube.Client, find charts.Finder) error {
	source, err := find(charts.Calico)
	if err != nil {
		return err
	}
	objects, err := a.manifest(source)
	if err != nil {
		return err
	}
	return client.Apply(ctx, objects)
}

func (a *Addon) manifest(source fs.FS) ([]*unstructured.Unstructured, error) {
	objects, err := published(source)
	if err != nil {
		return nil, err
	}
	if err := Render(objects, a.options); err != nil {
		return nil, fmt.Errorf("render the manifest: %w", err)
	}
	return configured(objects, a.options.Settings), nil
}

// published reads the manifest as it was published.
func published(source fs.FS) ([]*unstructured.Unstructured, error) {
	data, err := fs.ReadFile(source, manifestFile)
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	return kube.Decode(data)
}

// Workloads names what Calico's manifest runs in kube-system.
func (a *Addon) Workloads() []string { return []string{"calico-node", "calico-kube-controllers"} }
