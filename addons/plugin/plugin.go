// Package plugin is what the packages of network plugins have in common: each has a
// CNI, which makes the Addon of one cluster.
package plugin

import (
	"context"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// CNI is a CNI that kindctl can install.
type CNI struct {
	cni.CNI
	// Addon makes the CNI of one cluster. That of no Options is asked for what all
	// clusters with the CNI have in common.
	Addon func(Options) Addon
}

// Addon is a CNI in one cluster.
type Addon interface {
	// Name is the CNI's name as users write it.
	Name() string
	// Version is what is installed: "v1.20.2".
	Version() string
	// Tested are the oldest and the newest minor version of Kubernetes with which
	// its makers test it: "1.33", "1.36".
	Tested() (oldest, newest string)
	// Validate reports what is wrong with the user's settings, before anything is
	// made. It calls find for what describes them, if there are any.
	Validate(find charts.Finder) error
	// Images are the container images that its pods run, the user's settings included
	// once Validate has read them.
	Images() []string
	// Needs are what its agents ask of the kernel.
	Needs() []host.Need
	// Sources are what Install reads. They are found before anything is made.
	Sources() []charts.Bundle
	// Install applies it, from the files of Sources, and returns. Whether it works is
	// for Checks.
	Install(ctx context.Context, client *kube.Client, find charts.Finder) error
	// Known is how it is recognized in a cluster.
	Known() verify.CNI
	// Checks prove that it works.
	Checks() []verify.Check
	// Workloads are the names of its DaemonSets and Deployments in kube-system.
	Workloads() []string
	// Shortcuts are its differences from production.
	Shortcuts() []fidelity.Shortcut
	// State asks its agents how they see things, for people. Answers come with the node
	// and a word for the question.
	State(ctx context.Context, client *kube.Client, answer func(node, name, text string)) error
	// Rejoin removes what it remembers of nodes that came back at other addresses and
	// would not correct by itself.
	Rejoin(ctx context.Context, client *kube.Client) error
}

// Options are what addons need to know of the cluster and its host.
type Options struct {
	// PodSubnet is the cluster's pod CIDR, or one of each IP family with a comma
	// between.
	PodSubnet string
	// ProxyMode is iptables, nftables, ipvs or none.
	ProxyMode string
	// APIServerHost and APIServerPort reach the API server from nodes without a Service.
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
	// Settings are the user's own, of the type that the CNI makes, or nil.
	Settings cni.Settings
	// Place returns where the user wrote the value of a path of the configuration, as
	// "FILE:LINE: ", or ""; nil knows no place.
	Place func(path string) string
}

// SettingsOf returns the user's settings among the options, the zero value if there are
// none. T is the type to which the CNI's settings point.
func SettingsOf[T any](o Options) T {
	if settings, is := any(o.Settings).(*T); is {
		return *settings
	}
	var none T
	return none
}
