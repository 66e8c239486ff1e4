package cilium

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
	"github.com/kindctl/kindctl/internal/kube"
)

// TestGatewayAPIDefinitions reads the published definitions: those that the operator
// looks for must be served, at the versions that it asks for.
func TestGatewayAPIDefinitions(t *testing.T) {
	objects, err := gatewayAPI(chartstest.Files(t, charts.GatewayAPI))
	if err != nil {
		t.Fatal(err)
	}
	served := map[string][]string{}
	for _, object := range objects {
		if version := object.GetAnnotations()["gateway.networking.k8s.io/bundle-version"]; version != charts.GatewayAPI.Module.Version {
			t.Errorf("%s %s is of version %q", object.GetKind(), object.GetName(), version)
		}
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
		versions, _, _ := unstructured.NestedSlice(object.Object, "spec", "versions")
		for _, each := range versions {
			if version := each.(map[string]any); version["served"] == true {
				served[kind] = append(served[kind], version["name"].(string))
			}
		}
	}
	required := []string{"GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "ReferenceGrant", "BackendTLSPolicy"}
	optional := []string{"ListenerSet", "TCPRoute", "UDPRoute"}
	for _, kind := range append(required, optional...) {
		if !slices.Contains(served[kind], "v1") {
			t.Errorf("%s is served at %v, not at v1", kind, served[kind])
		}
	}
}

// TestGatewayAPIChart renders the chart for an API server that does not show the
// definitions yet.
func TestGatewayAPIChart(t *testing.T) {
	ch := published(t)
	tests := []struct {
		name     string
		settings Settings
		sources  []charts.Bundle
		class    []string // names of GatewayClasses
		enabled  any
	}{
		{"off", Settings{L7Proxy: true}, []charts.Bundle{charts.Cilium}, nil, nil},
		{"on", Settings{GatewayAPI: true}, []charts.Bundle{charts.Cilium, charts.GatewayAPI}, []string{"cilium"}, "true"},
		{"without a class", Settings{GatewayAPI: true, Values: tree("gatewayAPI.gatewayClass.create", false)}, []charts.Bundle{charts.Cilium, charts.GatewayAPI}, nil, "true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addon := New(plugin.Options{ProxyMode: "none", PodSubnet: "10.9.0.0/16", APIServerHost: "lab-control-plane", APIServerPort: 6443, Settings: &tt.settings})
			if diff := cmp.Diff(tt.sources, addon.Sources()); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			values, err := Values(addon.options, ch.Values)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := kube.Decode([]byte(manifestOf(t, ch, values)))
			if err != nil {
				t.Fatal(err)
			}
			var class []string
			var enabled any
			for _, object := range objects {
				switch {
				case object.GroupVersionKind() == gatewayClass:
					class = append(class, object.GetName())
				case object.GetKind() == "ConfigMap" && object.GetName() == "cilium-config":
					enabled = object.Object["data"].(map[string]any)["enable-gateway-api"]
				}
			}
			if !slices.Equal(class, tt.class) || enabled != tt.enabled {
				t.Errorf("the GatewayClasses are %q, enable-gateway-api is %v; want %q and %v", class, enabled, tt.class, tt.enabled)
			}
		})
	}
}
