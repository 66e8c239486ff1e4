package lab

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
)

// TestEveryCNI: whatever kindctl installs can be compared with what its makers publish.
func TestEveryCNI(t *testing.T) {
	for _, name := range addons.Names() {
		if stock, err := NewCNI(name, StockOptions{}); err != nil || len(stock.Settings()) == 0 {
			t.Errorf("%s cannot be compared with what its makers publish: %v", name, err)
		}
	}
	if _, err := NewCNI("calcio", StockOptions{}); err == nil {
		t.Error("an unknown CNI is known")
	}
}

// TestStockChart renders what is installed: it must run on images that the
// nodes hold, and otherwise be what the chart's makers meant.
func TestStockChart(t *testing.T) {
	ch, err := loadChart(chartstest.Files(t, charts.Cilium))
	if err != nil {
		t.Fatal(err)
	}
	values, err := ciliumAsPublished{LacksSysResource: true}.values(3, ch.Values)
	if err != nil {
		t.Fatal(err)
	}
	manifest := manifestOf(t, ch, values)
	var images []string
	for _, match := range image.FindAllStringSubmatch(manifest, -1) {
		images = append(images, match[1])
	}
	slices.Sort(images)
	if got, want := slices.Compact(images), slices.Sorted(slices.Values(cilium.New(plugin.Options{}).Images())); !slices.Equal(got, want) {
		t.Errorf("the stock chart runs %v, the nodes hold %v", got, want)
	}
	for text, wanted := range map[string]bool{
		"replicas: 2":             true,
		`enable-hubble: "true"`:   true,
		`enable-l7-proxy: "true"`: true,
		`ipam: "cluster-pool"`:    true,
		"SYS_RESOURCE":            false,
	} {
		if strings.Contains(manifest, text) != wanted {
			t.Errorf("the rendered stock chart has %s: %v, want %v", text, !wanted, wanted)
		}
	}
}

// image is how the chart's templates name one.
var image = regexp.MustCompile(`(?m)^\s*image: "?([^"\s]+)"?\s*$`)

// manifestOf is the chart rendered with these values.
func manifestOf(t *testing.T, ch *chart.Chart, values map[string]any) string {
	t.Helper()
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	i := action.NewInstall(config)
	i.ReleaseName, i.Namespace, i.DryRunStrategy = "cilium", "kube-system", action.DryRunClient
	var err error
	if i.KubeVersion, err = common.ParseKubeVersion("v1.37.2"); err != nil {
		t.Fatal(err)
	}
	made, err := i.RunWithContext(t.Context(), ch, values)
	if err != nil {
		t.Fatal(err)
	}
	return made.(*release.Release).Manifest
}

// chartDefaults is the part of the chart's values that is read.
var chartDefaults = map[string]any{"securityContext": map[string]any{"capabilities": map[string]any{
	"ciliumAgent":      []any{"NET_ADMIN", "SYS_RESOURCE", "SYSLOG"},
	"cleanCiliumState": []any{"SYS_RESOURCE", "SYS_ADMIN"},
	"mountCgroup":      []any{"SYS_ADMIN"},
}}}

func TestStockValues(t *testing.T) {
	noEnvoy := map[string]any{"enabled": false}
	tests := []struct {
		name  string
		nodes int
		stock ciliumAsPublished
		want  map[string]any
		says  int
	}{
		{"several nodes", 3, ciliumAsPublished{}, map[string]any{"envoy": noEnvoy}, 3},
		{"one node", 1, ciliumAsPublished{}, map[string]any{"envoy": noEnvoy, "operator": map[string]any{"replicas": 1}}, 3},
		{"without a capability", 3, ciliumAsPublished{LacksSysResource: true}, map[string]any{"envoy": noEnvoy, "securityContext": map[string]any{"capabilities": map[string]any{
			"ciliumAgent": []any{"NET_ADMIN", "SYSLOG"}, "cleanCiliumState": []any{"SYS_ADMIN"}}}}, 4},
	}
	for _, tt := range tests {
		got, err := tt.stock.values(tt.nodes, chartDefaults)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: values (-want +got):\n%s", tt.name, diff)
		}
		if said := tt.stock.Settings(); len(said) != tt.says {
			t.Errorf("%s: %d settings are told, want %d: %v", tt.name, len(said), tt.says, said)
		}
	}
	if _, err := (ciliumAsPublished{LacksSysResource: true}).values(3, nil); err == nil {
		t.Error("a chart without the lists was accepted; the agent would ask for what it cannot have")
	}
}
