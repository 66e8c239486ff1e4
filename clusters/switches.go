package clusters

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// keeping are feature gates or APIs that stay although a patch sets the flag that
// turns them on or off.
type keeping struct {
	path  []string // of the flag in ClusterConfiguration
	value string   // of the flag, with what is kept
	field string   // featureGates or runtimeConfig
	names []string // what is kept
	place string   // of the patch's flag
}

// kept are the featureGates and runtimeConfig of the configuration that patches do not
// repeat where they set the same flags: kind would have the patch replace them.
func (r renderer) kept(documents kindpatch.Documents, changes []kindpatch.Change) (all []keeping) {
	for _, change := range changes {
		if change.Kind != kindpatch.ClusterConfiguration || !change.IsArgument() || len(change.Path) != 3 {
			continue
		}
		field, switches := "featureGates", r.FeatureGates
		switch change.Path[2] {
		case "feature-gates":
		case "runtime-config":
			field, switches = "runtimeConfig", r.RuntimeConfig
		default:
			continue
		}
		if _, text := change.Value.(string); !text ||
			slices.ContainsFunc(all, func(k keeping) bool { return slices.Equal(k.path, change.Path) }) {
			continue
		}
		value, _ := kindpatch.ExtraArgument(documents[kindpatch.ClusterConfiguration], change.Path[0], change.Path[2])
		words := strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		one := keeping{path: change.Path, field: field, place: change.Place}
		for _, name := range slices.Sorted(maps.Keys(switches)) {
			if !slices.ContainsFunc(words, func(word string) bool { said, _, _ := strings.Cut(word, "="); return strings.TrimSpace(said) == name }) {
				one.names = append(one.names, name)
			}
		}
		for _, name := range one.names {
			words = append(words, fmt.Sprintf("%s=%t", name, switches[name]))
		}
		if one.value = strings.Join(words, ","); len(one.names) > 0 {
			all = append(all, one)
		}
	}
	return all
}

// patch sets the flag for any version of kubeadm's configuration.
func (k keeping) patch() string {
	text, err := yaml.Marshal(
		map[string]any{"kind": kindpatch.ClusterConfiguration, k.path[0]: map[string]any{k.path[1]: map[string]string{k.path[2]: k.value}}},
	)
	if err != nil {
		panic(err) // text: cannot fail
	}
	return string(text)
}

// keep applies them, as the last patches of the first control plane.
func (r *rendered) keep(all []keeping) {
	r.kept = all
	for _, one := range all {
		r.own(one.patch())
		for i, change := range r.changes {
			if change.Kind == kindpatch.ClusterConfiguration && slices.Equal(change.Path, one.path) {
				r.changes[i].Value = one.value
			}
		}
	}
}

// keptSwitches says what is kept although kind would drop it.
func (r *review) keptSwitches(rendered rendered) {
	for _, one := range rendered.kept {
		r.warn(one.place, "the patch sets %s of %s; %s %s of the file stay beside it, which kind would drop",
			one.path[2], componentOf[one.path[0]], one.field, strings.Join(one.names, ", "))
	}
}
