// Package calico installs Calico from its own manifest and proves that it works.
package calico

import (
	"context"
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Version of Calico; the manifest and the images have the same.
const Version = "v3.31.0"

// manifestFile is the manifest without BGP: nodes on one network reach each other
// by plain routes, others by VXLAN. It needs neither BIRD nor the ipip module.
const manifestFile = "manifests/calico-vxlan.yaml"

// CNI is Calico in the catalog.
var CNI = plugin.CNI{
	CNI: cni.CNI{
		Name: "calico", Title: "Calico",
		New: func() cni.Settings { return &Settings{} }, Fields: fields, Example: example,
	},
	Addon: func(options plugin.Options) plugin.Addon { return New(options) },
}

// Addon is Calico in a cluster.
type Addon struct {
	options  plugin.Options
	settings Settings
}

// New returns the addon.
func New(options plugin.Options) *Addon {
	return &Addon{options, plugin.SettingsOf[Settings](options)}
}

// Name is what users type.
func (a *Addon) Name() string { return CNI.Name }

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
	return configured(objects, a.settings), nil
}

// published reads the manifest as it was published.
func published(source fs.FS) ([]*unstructured.Unstructured, error) {
	data, err := fs.ReadFile(source, manifestFile)
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	return kube.Decode(data)
}

// Known is how Calico is recognized in a cluster.
func (a *Addon) Known() verify.CNI {
	return verify.CNI{Name: CNI.Name, Agents: agent, ClusterPolicies: resource("globalnetworkpolicies")}
}

// Workloads names what Calico's manifest runs in kube-system.
func (a *Addon) Workloads() []string { return []string{"calico-node", "calico-kube-controllers"} }

// Rejoin has nothing to do: Calico's agents correct the addresses of nodes.
func (a *Addon) Rejoin(context.Context, *kube.Client) error { return nil }
