package calico

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/setting"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Settings are what the user asks of Calico beyond kindctl's own choices.
type Settings struct {
	// Felix is the spec of the FelixConfiguration "default".
	Felix map[string]any `yaml:"felix,omitempty"`
}

// fields describe Settings to users.
var fields = []cni.Field{
	{Name: "felix", Type: "object", About: "Settings of Felix, Calico's agent: the spec of its FelixConfiguration. They are checked against Calico's schema " +
		"before a node is made; those that other fields decide are refused."},
}

const example = "  felix:\n    logSeverityScreen: Warning"

// Validate reports nothing: all settings are possible with every proxy mode.
func (s *Settings) Validate(string, func(field, format string, args ...any)) {}

// felixDefinition names the resource of Felix's settings.
const felixDefinition = "felixconfigurations.crd.projectcalico.org"

// owned are settings of Felix that follow from other fields of the configuration, or
// that cannot be.
var owned = map[string]string{
	"ipv6Support":          "write ipFamily",
	"nftablesMode":         "write proxyMode: Felix uses the same kernel tables",
	"programClusterRoutes": "leave it out: kindctl chooses how nodes learn routes",
	"healthEnabled":        "leave it out: kindctl's probes ask Felix for its health",
	"healthHost":           "leave it out: kindctl's probes ask Felix for its health",
	"healthPort":           "leave it out: kindctl's probes ask Felix for its health",
	"bpfEnabled":           "leave it out: kindctl installs Calico's data plane of iptables or nftables; for eBPF use cni: cilium with proxyMode: none",
}

// Validate reads the user's settings against the schema that Calico publishes, before
// anything is made. It does nothing, and finds nothing, where there are none.
func (a *Addon) Validate(find charts.Finder) error {
	if len(a.settings.Felix) == 0 {
		return nil
	}
	source, err := find(charts.Calico)
	if err != nil {
		return err
	}
	objects, err := published(source)
	if err != nil {
		return err
	}
	schema, err := felixSchema(objects)
	if err != nil {
		return err
	}
	values := setting.Values{Tree: a.settings.Felix, Root: "calico.felix", Place: a.options.Place}
	problems, err := values.Problems(schema, nil)
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w", felixDefinition, err)
	}
	for _, name := range slices.Sorted(maps.Keys(values.Tree)) {
		if instead, is := owned[name]; is {
			problems = append(problems, values.Problem([]string{name}, "%v is not possible here; %s", values.Tree[name], instead))
		}
	}
	if len(problems) > 0 {
		return hint.CNISettingsInvalid.New(strings.Join(problems, "\n"),
			"correct calico in the configuration; Felix's settings: https://docs.tigera.io/calico/latest/reference/resources/felixconfig")
	}
	return nil
}

// felixSchema is the JSON schema of Felix's settings, from their definition.
func felixSchema(objects []*unstructured.Unstructured) ([]byte, error) {
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" || object.GetName() != felixDefinition {
			continue
		}
		versions, _, err := unstructured.NestedSlice(object.Object, "spec", "versions")
		if err != nil {
			return nil, err
		}
		for _, version := range versions {
			spec, found, err := unstructured.NestedMap(version.(map[string]any), "schema", "openAPIV3Schema", "properties", "spec")
			if err == nil && found {
				return json.Marshal(spec)
			}
		}
	}
	return nil, errors.New("the manifest has no schema of " + felixDefinition)
}

// configured adds Felix's settings to the manifest.
func configured(objects []*unstructured.Unstructured, settings Settings) []*unstructured.Unstructured {
	if len(settings.Felix) == 0 {
		return objects
	}
	spec := map[string]any{}
	setting.Merge(spec, settings.Felix)
	felix := &unstructured.Unstructured{Object: map[string]any{"spec": plain(spec)}}
	felix.SetAPIVersion("crd.projectcalico.org/v1")
	felix.SetKind("FelixConfiguration")
	felix.SetName("default")
	return append(objects, felix)
}

// plain has the numbers of a tree as objects of Kubernetes have them.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			value[name] = plain(value[name])
		}
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	case int:
		return int64(value)
	}
	return value
}

// yielding leaves out of the agent's environment what the user sets himself: Felix
// prefers its environment to its configuration (Calico v3.31, felix/config).
func yielding(env []corev1.EnvVar, settings Settings) []corev1.EnvVar {
	return slices.DeleteFunc(env, func(variable corev1.EnvVar) bool {
		for name := range settings.Felix {
			if strings.EqualFold(variable.Name, "FELIX_"+name) {
				return true
			}
		}
		return false
	})
}
