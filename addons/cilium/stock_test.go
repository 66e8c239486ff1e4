package cilium

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStockChart renders what Stock installs: it must run on images that the
// nodes hold, and otherwise be what the chart's makers meant.
func TestStockChart(t *testing.T) {
	ch := published(t)
	values, err := Stock{LacksSysResource: true}.values(ch.Values)
	if err != nil {
		t.Fatal(err)
	}
	manifest := manifestOf(t, ch, values)
	var images []string
	for _, match := range image.FindAllStringSubmatch(manifest, -1) {
		images = append(images, match[1])
	}
	slices.Sort(images)
	if got, want := slices.Compact(images), slices.Sorted(slices.Values(New(Options{}).Images())); !slices.Equal(got, want) {
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

func TestStockValues(t *testing.T) {
	noEnvoy := map[string]any{"enabled": false}
	tests := []struct {
		name  string
		stock Stock
		want  map[string]any
		says  int
	}{
		{"several nodes", Stock{}, map[string]any{"envoy": noEnvoy}, 3},
		{"one node", Stock{SingleNode: true}, map[string]any{"envoy": noEnvoy, "operator": map[string]any{"replicas": 1}}, 3},
		{"without a capability", Stock{LacksSysResource: true}, map[string]any{"envoy": noEnvoy, "securityContext": map[string]any{"capabilities": map[string]any{
			"ciliumAgent": []any{"NET_ADMIN", "SYSLOG"}, "cleanCiliumState": []any{"SYS_ADMIN"}}}}, 4},
	}
	for _, tt := range tests {
		got, err := tt.stock.values(chartDefaults)
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
	if _, err := (Stock{LacksSysResource: true}).values(nil); err == nil {
		t.Error("a chart without the lists was accepted; the agent would ask for what it cannot have")
	}
}
