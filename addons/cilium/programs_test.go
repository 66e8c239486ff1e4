package cilium

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/internal/kube"
)

// TestProgramsAreOfTheseSettings holds that images get the programs of the settings
// with which agents start.
func TestProgramsAreOfTheseSettings(t *testing.T) {
	ch, err := readChart(chartstest.Files(t, charts.Cilium))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]map[string]string{}
	for family, subnet := range map[string]string{
		"ipv4": "10.244.0.0/16", "ipv6": "fd00:10:244::/56", "dual": "10.244.0.0/16,fd00:10:244::/56",
	} {
		values, err := Values(plugin.Options{ProxyMode: "iptables", PodSubnet: subnet}, ch.Values)
		if err != nil {
			t.Fatal(err)
		}
		made, err := render(context.Background(), engine.Engine{}, ch, values, common.DefaultCapabilities.Copy(), nil)
		if err != nil {
			t.Fatal(err)
		}
		settings[family] = configMap(t, made.Manifest)
		if len(settings[family]) < 100 {
			t.Fatalf("agents are given %d settings only", len(settings[family]))
		}
	}
	settings["all"] = shared(settings)
	got, err := json.MarshalIndent(settings, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "../../internal/forge/bpf/settings.json", append(got, '\n'))
}

// shared moves what all have in common into a map of its own.
func shared(settings map[string]map[string]string) map[string]string {
	first, all := settings["ipv4"], map[string]string{}
	for key, value := range first {
		same := func(each map[string]string) bool { other, has := each[key]; return has && other == value }
		if same(settings["ipv6"]) && same(settings["dual"]) {
			all[key] = value
		}
	}
	for _, each := range settings {
		maps.DeleteFunc(each, func(key, _ string) bool { _, has := all[key]; return has })
	}
	return all
}

// configMap returns what the agents read in a rendered chart.
func configMap(t *testing.T, manifest string) map[string]string {
	t.Helper()
	objects, err := kube.Decode([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() == "ConfigMap" && object.GetName() == "cilium-config" {
			data, _, err := unstructured.NestedStringMap(object.Object, "data")
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatal("the chart has no ConfigMap of settings")
	return nil
}
