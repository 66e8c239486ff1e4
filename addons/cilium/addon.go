// Package cilium installs Cilium from its own Helm chart and proves that it works.
package cilium

import (
	"context"
	"fmt"
	"log/slog"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/postrenderer"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/gomod"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Version of Cilium. Chart and images have the same.
const Version = "1.20.2"

// source holds the chart; the hash is the one in the Go checksum database.
var source = gomod.Module{
	Path: "github.com/cilium/cilium", Version: "v" + Version,
	Sum: "h1:dqiEGIcXc+gqCLYG/l7VCFJ8GHyb4HUrwbZOpkX5dL8=",
}

const (
	chartDir    = "install/kubernetes/cilium"
	namespace   = "kube-system"
	releaseName = "cilium"
	// fieldManager is the owner of fields that the helm command uses. Under
	// another name, a user's helm upgrade would meet conflicts.
	fieldManager = "helm"
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
	// Sink is told of downloads; nil drops them.
	Sink event.Sink
}

// Addon is Cilium in a cluster.
type Addon struct {
	options Options
}

// New returns the addon.
func New(options Options) *Addon {
	if options.Sink == nil {
		options.Sink = event.Discard
	}
	return &Addon{options}
}

// Name is what users type.
func (a *Addon) Name() string { return "cilium" }

// Version is that of the images.
func (a *Addon) Version() string { return "v" + Version }

// Tested is what Cilium says of this version, in its module's
// Documentation/network/kubernetes/compatibility.rst.
func (a *Addon) Tested() (oldest, newest string) { return "1.33", "1.36" }

// Images are the images of the agent and the operator.
func (a *Addon) Images() []string {
	return []string{"quay.io/cilium/cilium:v" + Version, "quay.io/cilium/operator-generic:v" + Version}
}

// Install makes the Helm release, or brings one that has other values up to
// date. It does not wait for the agents.
func (a *Addon) Install(ctx context.Context, client *kube.Client) error {
	ch, err := readChart(ctx, a.options.Sink)
	if err != nil {
		return err
	}
	values, err := Values(a.options, ch.Values)
	if err != nil {
		return err
	}
	var render postrenderer.PostRenderer
	if !a.options.Production {
		if err := define(ctx, client, a.options.Sink); err != nil {
			return err
		}
		render = rendered{}
	}
	return helm(ctx, client, ch, values, render)
}

// readChart reads the chart as it was published.
func readChart(ctx context.Context, sink event.Sink) (*chart.Chart, error) {
	dir, err := gomod.Fetch(ctx, source, chartDir, sink)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("load the chart: %w", err)
	}
	ch, ok := loaded.(*chart.Chart)
	if !ok {
		return nil, fmt.Errorf("the chart has an unknown format: %T", loaded)
	}
	return ch, nil
}

// helm has Helm's library make the release; render, unless it is nil, changes
// the manifests last.
func helm(ctx context.Context, client *kube.Client, ch *chart.Chart, values map[string]any, render postrenderer.PostRenderer) error {
	helmkube.ManagedFieldsManager = fieldManager
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	if err := config.Init(getter{client}, namespace, "secrets"); err != nil {
		return fmt.Errorf("helm: %w", err)
	}
	return deploy(ctx, config, ch, values, render)
}

// Workloads names what Cilium's chart runs in kube-system.
func (a *Addon) Workloads() []string { return []string{"cilium", "cilium-envoy", "cilium-operator"} }
