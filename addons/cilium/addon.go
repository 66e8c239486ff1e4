// Package cilium installs Cilium from its own Helm chart and proves that it works.
package cilium

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Version of Cilium. Chart and images have the same.
const Version = "1.20.2"

const (
	namespace   = "kube-system"
	releaseName = "cilium"
)

// CNI is Cilium in the catalog.
var CNI = plugin.CNI{
	CNI: cni.CNI{
		Name: "cilium", Title: "Cilium", ReplacesProxy: true, UsesNodeCIDRs: true,
		New: func() cni.Settings { return &Settings{} }, Fields: fields, Example: example,
	},
	Addon: func(options plugin.Options) plugin.Addon { return New(options) },
}

// Addon is Cilium in a cluster.
type Addon struct {
	options  plugin.Options
	settings Settings
	// images are those that the user's settings take, once Validate has read them.
	images []string
}

// New returns the addon.
func New(options plugin.Options) *Addon {
	return &Addon{options: options, settings: plugin.SettingsOf[Settings](options)}
}

// Name is what users type.
func (a *Addon) Name() string { return CNI.Name }

// Version is that of the images.
func (a *Addon) Version() string { return "v" + Version }

// Tested is what Cilium says of this version, in its module's
// Documentation/network/kubernetes/compatibility.rst.
func (a *Addon) Tested() (oldest, newest string) { return "1.33", "1.36" }

// Images are the images of the agent and the operator, and what the user's settings
// take besides, once Validate has read them.
func (a *Addon) Images() []string {
	if a.images != nil {
		return a.images
	}
	return []string{"quay.io/cilium/cilium:v" + Version, "quay.io/cilium/operator-generic:v" + Version}
}

// Needs are what the agents ask of the kernel.
func (a *Addon) Needs() []host.Need {
	needs := []host.Need{{Feature: host.BPF, For: "Cilium"}}
	if a.options.ProxyMode == "none" {
		needs = append(needs, host.Need{Feature: host.CgroupBPF, For: "Cilium in kube-proxy's place"})
	}
	if a.options.Production && !a.options.SingleNode { // else there are plain routes
		needs = append(needs, host.Need{Feature: host.VXLAN, For: "Cilium's tunnel in --fidelity production"})
	}
	return needs
}

// Sources are what Install reads.
func (a *Addon) Sources() []charts.Bundle {
	if a.settings.GatewayAPI {
		return []charts.Bundle{charts.Cilium, charts.GatewayAPI}
	}
	return []charts.Bundle{charts.Cilium}
}

// Install makes the Helm release. It does not wait for the agents.
func (a *Addon) Install(ctx context.Context, client *kube.Client, find charts.Finder) error {
	source, err := find(charts.Cilium)
	if err != nil {
		return err
	}
	ch, err := readChart(source)
	if err != nil {
		return err
	}
	values, err := Values(a.options, ch.Values)
	if err != nil {
		return err
	}
	if a.settings.GatewayAPI {
		channel, err := find(charts.GatewayAPI)
		if err != nil {
			return err
		}
		if err := defineGatewayAPI(ctx, client, channel); err != nil {
			return err
		}
	}
	var change changes
	if !a.options.Production {
		if err := define(ctx, client, source); err != nil {
			return err
		}
		change = speedUpWorkload
	}
	if err := install(ctx, client, ch, values, change); err != nil {
		return err
	}
	return refuseUnenforced(ctx, client)
}

// Known is how Cilium is recognized in a cluster.
func (a *Addon) Known() verify.CNI {
	return verify.CNI{
		Name: CNI.Name, Agents: "cilium",
		ClusterPolicies: schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"},
	}
}

// Workloads names what Cilium's chart runs in kube-system.
func (a *Addon) Workloads() []string { return []string{"cilium", "cilium-envoy", "cilium-operator"} }
