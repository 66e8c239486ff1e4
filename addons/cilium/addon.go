// Package cilium installs Cilium from its own Helm chart and proves that it works.
package cilium

import (
	"context"

	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Version of Cilium. Chart and images have the same.
const Version = "1.20.2"

const (
	namespace   = "kube-system"
	releaseName = "cilium"
)

// Options are what Cilium needs to know of the cluster.
type Options struct {
	// PodSubnet is the cluster's pod CIDR, or one of each IP family with a comma
	// between.
	PodSubnet string
	// ProxyMode none makes Cilium do kube-proxy's work.
	ProxyMode string
	// APIServerHost and APIServerPort reach the API server without a Service,
	// which Cilium needs when it is the one to make Services work.
	APIServerHost string
	APIServerPort int
	// LacksSysResource leaves CAP_SYS_RESOURCE out of what the agent asks for.
	LacksSysResource bool
	// SingleNode says that the cluster has one node only.
	SingleNode bool
	// Production leaves the agent's pods as the chart has them.
	Production bool
	// Settings are the user's own.
	Settings Settings
}

// Addon is Cilium in a cluster.
type Addon struct {
	options Options
	// images are those that the user's settings take, once Validate has read them.
	images []string
}

// New returns the addon.
func New(options Options) *Addon { return &Addon{options: options} }

// Name is what users type.
func (a *Addon) Name() string { return "cilium" }

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
	if a.options.Settings.GatewayAPI {
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
	if a.options.Settings.GatewayAPI {
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
		change = hastenWorkload
	}
	if err := install(ctx, client, ch, values, change); err != nil {
		return err
	}
	return refuseUnenforced(ctx, client)
}

// Workloads names what Cilium's chart runs in kube-system.
func (a *Addon) Workloads() []string { return []string{"cilium", "cilium-envoy", "cilium-operator"} }
