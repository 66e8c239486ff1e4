package calico

import (
	"io/fs"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/charts/chartstest"
)

func TestSettings(t *testing.T) {
	files := chartstest.Files(t, charts.Calico)
	find := func(charts.Bundle) (fs.FS, error) { return files, nil }
	tests := []struct {
		name  string
		felix map[string]any
		want  string
	}{
		{"none", nil, ""},
		{"well", map[string]any{"logSeverityScreen": "Warning", "wireguardEnabled": true, "reportingInterval": "30s", "healthTimeoutOverrides": []any{map[string]any{"name": "a", "timeout": "1s"}}}, ""},
		{"a misspelling", map[string]any{"logSeverityScren": "Warning"}, `FILE[logSeverityScren]: calico.felix.logSeverityScren: there is no such value (did you mean "logSeverityScreen"?)`},
		{"a type", map[string]any{"vxlanPort": "4789"}, "FILE[vxlanPort]: calico.felix.vxlanPort: got string, want integer"},
		{"another field's", map[string]any{"nftablesMode": "Enabled"}, "calico.felix.nftablesMode: Enabled is not possible here; write proxyMode"},
		{"eBPF", map[string]any{"bpfEnabled": true}, "calico.felix.bpfEnabled: true is not possible here"},
	}
	for _, tt := range tests {
		addon := New(
			plugin.Options{
				Settings: &Settings{Felix: tt.felix},
				Place:    func(path string) string { return "FILE" + strings.TrimPrefix(path, "calico.felix") + ": " },
			},
		)
		err := addon.Validate(find)
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestConfigured(t *testing.T) {
	settings := Settings{Felix: map[string]any{"vxlanMTU": 1300}}
	objects := configured(nil, settings)
	if len(objects) != 1 || objects[0].GetName() != "default" {
		t.Fatalf("the objects are %v", objects)
	}
	if mtu, found, err := unstructured.NestedInt64(objects[0].Object, "spec", "vxlanMTU"); mtu != 1300 || !found || err != nil {
		t.Errorf("the MTU is %v, %v, %v", mtu, found, err)
	}
	if left := yielding([]corev1.EnvVar{{Name: "FELIX_VXLANMTU"}, {Name: "FELIX_IPV6SUPPORT"}}, settings); len(left) != 1 || left[0].Name != "FELIX_IPV6SUPPORT" {
		t.Errorf("the environment is %v", left)
	}
}
