package cilium

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/addons/setting"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
)

func tree(path string, value any) map[string]any {
	values := map[string]any{}
	setting.Set(values, value, strings.Split(path, ".")...)
	return values
}

// TestSettings renders the published chart with what users ask for.
func TestSettings(t *testing.T) {
	files := chartstest.Files(t, charts.Cilium)
	find := func(charts.Bundle) (fs.FS, error) { return files, nil }
	ch, err := readChart(files)
	if err != nil {
		t.Fatal(err)
	}
	const envoy = "quay.io/cilium/cilium-envoy"
	tests := []struct {
		name     string
		settings Settings
		images   []string          // beside agent and operator, without their tags
		values   map[string]string // some that follow, by path
		problem  string
	}{
		{"Hubble", Settings{Hubble: true}, nil, map[string]string{"hubble.enabled": "true", "l7Proxy": "false"}, ""},
		{"the DNS proxy", Settings{DNSProxy: true}, nil, map[string]string{"l7Proxy": "true", "envoy.enabled": "false"}, ""},
		{"Envoy", Settings{L7Proxy: true}, []string{envoy}, map[string]string{"l7Proxy": "true", "envoy.enabled": "true"}, ""},
		{"Envoy by a value", Settings{Values: tree("l7Proxy", true)}, []string{envoy}, map[string]string{"envoy.enabled": "true"}, ""},
		{"Gateway API", Settings{GatewayAPI: true}, []string{envoy}, map[string]string{"l7Proxy": "true", "envoy.enabled": "true", "gatewayAPI.enabled": "true"}, ""},
		{"Gateway API with values", Settings{GatewayAPI: true, Values: tree("gatewayAPI.hostNetwork.enabled", true)}, []string{envoy},
			map[string]string{"gatewayAPI.enabled": "true", "gatewayAPI.hostNetwork.enabled": "true"}, ""},
		{"Gateway API twice", Settings{GatewayAPI: true, Values: tree("gatewayAPI.enabled", true)}, []string{envoy}, nil, ""},
		{"Gateway API by a value", Settings{Values: tree("gatewayAPI.enabled", true)}, nil, nil,
			"FILE:[gatewayAPI][enabled]: cilium.values.gatewayAPI.enabled: true is not possible here; write cilium: {gatewayAPI: true}"},
		{"Gateway API off by a value", Settings{GatewayAPI: true, Values: tree("gatewayAPI.enabled", false)}, nil, nil, "false is not possible here"},
		{"Gateway API without its proxy", Settings{GatewayAPI: true, Values: tree("l7Proxy", false)}, nil, nil, "cilium.values.l7Proxy: false contradicts cilium: {gatewayAPI: true}"},
		{"Hubble on and off", Settings{Hubble: true, Values: tree("hubble.enabled", false)}, nil, nil,
			"FILE:[hubble][enabled]: cilium.values.hubble.enabled: false contradicts cilium: {hubble: true}; leave one of them out"},
		{"Hubble twice", Settings{Hubble: true, Values: tree("hubble.enabled", true)}, nil, map[string]string{"hubble.enabled": "true"}, ""},
		{"Hubble's relay", Settings{Hubble: true, Values: tree("hubble.relay.enabled", true)}, []string{"quay.io/cilium/hubble-relay"}, nil, ""},
		{"a tunnel", Settings{Values: tree("tunnelProtocol", "geneve")}, nil, map[string]string{"routingMode": "tunnel", "autoDirectNodeRoutes": ""}, ""},
		{"a size of a map", Settings{Values: tree("bpf.natMax", 4096)}, nil, map[string]string{"bpf.natMax": "4096", "bpf.ctTcpMax": ""}, ""},
		{"a size as the agent calls it", Settings{Values: tree("extraConfig.bpf-ct-global-tcp-max", "32768")}, nil,
			map[string]string{"extraConfig.bpf-ct-global-tcp-max": "32768", "bpf.natMax": "", "extraConfig.bpf-sock-rev-map-max": ""}, ""},
		{"dynamic sizes of maps", Settings{Values: tree("bpf.mapDynamicSizeRatio", 0.01)}, nil, map[string]string{"bpf.mapDynamicSizeRatio": "0.01", "bpf.ctTcpMax": "", "extraConfig": ""}, ""},
		{"a type", Settings{Values: tree("debug.enabled", "yes")}, nil, nil, `FILE:[debug][enabled]: cilium.values.debug.enabled: got string, want boolean`},
		{"a misspelling", Settings{Values: tree("hubble.relai.enabled", true)}, nil, nil, `FILE:[hubble][relai]: cilium.values.hubble.relai: there is no such value (did you mean "relay"?)`},
		{"another field's", Settings{Values: tree("kubeProxyReplacement", true)}, nil, nil, "cilium.values.kubeProxyReplacement: true is not possible here; write proxyMode: none"},
		{"the same as another field's", Settings{Values: tree("kubeProxyReplacement", "false")}, nil, nil, ""},
		{"another field's beside a field", Settings{DNSProxy: true, Values: tree("kubeProxyReplacement", true)}, nil, nil, "cilium.values.kubeProxyReplacement: true is not possible here"},
		{"addresses", Settings{Values: tree("ipam.mode", "cluster-pool")}, nil, nil, "cilium.values.ipam.mode: cluster-pool is not possible here"},
		{"what the chart refuses", Settings{Values: tree("hubble.ui.enabled", true)}, nil, nil, "Hubble UI requires .Values.hubble.relay.enabled=true"},
		{"any label", Settings{Values: tree("podLabels.team", "net")}, nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			place := func(path string) string { return "FILE:" + strings.TrimPrefix(path, "cilium.values") + ": " }
			addon := New(plugin.Options{ProxyMode: "iptables", PodSubnet: "10.9.0.0/16", Settings: &tt.settings, Place: place})
			err := addon.Validate(find)
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("error %v, want %q", err, tt.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := append(New(plugin.Options{}).Images(), tt.images...)
			got := addon.Images()
			for i := range got {
				if name, _, _ := strings.Cut(got[i], ":"); slices.Contains(tt.images, name) {
					got[i] = name
				}
			}
			slices.Sort(want)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
			values, err := Values(addon.options, ch.Values)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range tt.values {
				have, found := setting.Get(values, strings.Split(path, ".")...)
				if got := fmt.Sprint(have); found != (want != "") || found && got != want {
					t.Errorf("%s is %v, want %q", path, have, want)
				}
			}
		})
	}
}
