package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/cli"
	helmkube "helm.sh/helm/v4/pkg/kube"

	"github.com/kindctl/kindctl/addons/calico"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// CNI is one as its makers publish it, with default settings.
type CNI interface {
	// Source is what Install reads.
	Source() charts.Bundle
	// Install applies it, from the files of Source, and returns.
	Install(ctx context.Context, order compare.Order, source fs.FS) error
	// Settings say, a line each, what is installed and what of it is not default.
	Settings() []string
}

// NewCNI returns the CNI of a name as it is published, on one node or on several.
func NewCNI(name string, options StockOptions) (CNI, error) {
	switch name {
	case "calico":
		return calicoAsPublished{}, nil
	case "cilium":
		return ciliumAsPublished(options), nil
	}
	return nil, fmt.Errorf("it is not known how the makers of CNI %q install it", name)
}

type calicoAsPublished struct{}

// calicoManifest is the manifest without BGP, which kindctl installs as well.
const calicoManifest = "manifests/calico-vxlan.yaml"

func (calicoAsPublished) Source() charts.Bundle { return charts.Calico }

// Install applies the manifest unchanged. It does not wait for the agents.
func (calicoAsPublished) Install(ctx context.Context, order compare.Order, source fs.FS) error {
	manifest, err := fs.ReadFile(source, calicoManifest)
	if err != nil {
		return err
	}
	objects, err := kube.Decode(manifest)
	if err != nil {
		return err
	}
	client, err := clientOf(order)
	if err != nil {
		return err
	}
	return client.Apply(ctx, objects)
}

func (calicoAsPublished) Settings() []string {
	return []string{
		calicoManifest + " of Calico " + calico.Version + ", unchanged, by server-side apply, side by side, which is quicker than kubectl apply",
		"not calico.yaml, which takes BIRD and the ipip module: this one starts fewer processes, which favors this arm",
	}
}

// ciliumAsPublished differs from the chart's defaults in what the host or the images
// cannot give.
type ciliumAsPublished StockOptions

// ciliumChart holds the chart in Cilium's module.
const ciliumChart = "install/kubernetes/cilium"

func (ciliumAsPublished) Source() charts.Bundle { return charts.Cilium }

// Install makes the Helm release as the helm command does. It does not wait for the
// agents.
func (c ciliumAsPublished) Install(ctx context.Context, order compare.Order, source fs.FS) error {
	ch, err := loadChart(source)
	if err != nil {
		return err
	}
	values, err := c.values(order.Nodes, ch.Values)
	if err != nil {
		return err
	}
	environment := cli.New()
	environment.KubeConfig = order.Kubeconfig
	environment.SetNamespace("kube-system")
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	if err := config.Init(environment.RESTClientGetter(), environment.Namespace(), "secrets"); err != nil {
		return fmt.Errorf("helm: %w", err)
	}
	i := action.NewInstall(config)
	i.ReleaseName, i.Namespace, i.WaitStrategy = "cilium", environment.Namespace(), helmkube.HookOnlyStrategy
	_, err = i.RunWithContext(ctx, ch, values)
	return err
}

// loadChart has Helm load the chart from a directory.
func loadChart(source fs.FS) (*chart.Chart, error) {
	dir, remove, err := scratch.Dir("chart")
	if err != nil {
		return nil, err
	}
	defer remove()
	files, err := fs.Sub(source, ciliumChart)
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "cilium"), files); err != nil {
		return nil, err
	}
	loaded, err := loader.Load(filepath.Join(dir, "cilium"))
	if err != nil {
		return nil, err
	}
	ch, is := loaded.(*chart.Chart)
	if !is {
		return nil, errors.New("the chart of Cilium is of an unknown version")
	}
	return ch, nil
}

// values are what differs from the chart's own defaults.
func (c ciliumAsPublished) values(nodes int, defaults map[string]any) (map[string]any, error) {
	values := map[string]any{"envoy": map[string]any{"enabled": false}}
	if nodes == 1 {
		values["operator"] = map[string]any{"replicas": 1}
	}
	if c.LacksSysResource {
		reduced := map[string]any{}
		security, _ := defaults["securityContext"].(map[string]any)
		lists, _ := security["capabilities"].(map[string]any)
		for _, name := range []string{"ciliumAgent", "cleanCiliumState"} {
			list, is := lists[name].([]any)
			if !is {
				return nil, fmt.Errorf("the chart has no list securityContext.capabilities.%s", name)
			}
			reduced[name] = slices.DeleteFunc(slices.Clone(list), func(each any) bool { return each == "SYS_RESOURCE" })
		}
		values["securityContext"] = map[string]any{"capabilities": reduced}
	}
	return values, nil
}

func (c ciliumAsPublished) Settings() []string {
	settings := []string{
		"the chart of Cilium " + cilium.Version + " by Helm's library, with its default values but for the following",
		"envoy.enabled=false: there is no image of Envoy's DaemonSet; one process fewer on each node, which favors this arm",
		"operator.replicas=1 where there is one node: the chart never puts two replicas on the same",
	}
	if c.LacksSysResource {
		settings = append(settings, "without the capability SYS_RESOURCE, which this host can give to no container")
	}
	return settings
}
