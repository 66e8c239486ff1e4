package clusters

import (
	"fmt"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/pelletier/go-toml"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/hint"
)

// patched are the kinds of objects that kind hands to kubeadm. It passes over
// patches of any other without a word.
var patched = []string{"ClusterConfiguration", "InitConfiguration", "JoinConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"}

// owned are settings of these objects that fields of a configuration decide.
// A patch would win, and the cluster be another one than the verification
// expects.
var owned = []struct{ kind, path, field string }{
	{"ClusterConfiguration", "networking.podSubnet", "podSubnet"},
	{"ClusterConfiguration", "networking.serviceSubnet", "serviceSubnet"},
	{"KubeProxyConfiguration", "mode", "proxyMode"},
}

// judgeRaw looks at what is left of kind's configuration.
func (t Topology) judgeRaw(complain complaint) {
	if t.Raw == nil {
		return
	}
	judgePatches("kindConfig", t.Raw.KubeadmConfigPatches, t.Raw.KubeadmConfigPatchesJSON6902, complain)
	for i, node := range t.Raw.Nodes {
		judgePatches(fmt.Sprintf("kindConfig.nodes[%d]", i), node.KubeadmConfigPatches, node.KubeadmConfigPatchesJSON6902, complain)
	}
	for i, patch := range t.Raw.ContainerdConfigPatches {
		if _, err := toml.Load(patch); err != nil {
			complain(fmt.Sprintf("kindConfig.containerdConfigPatches[%d]", i), "the patch is no TOML: %v", err)
		}
	}
	for i, patch := range t.Raw.ContainerdConfigPatchesJSON6902 {
		judgeSteps(fmt.Sprintf("kindConfig.containerdConfigPatchesJSON6902[%d]", i), patch, complain)
	}
}

func judgePatches(at string, merges []string, steps []v1alpha4.PatchJSON6902, complain complaint) {
	for i, text := range merges {
		for document := range strings.SplitSeq(text, "\n---\n") {
			judgeMerge(fmt.Sprintf("%s.kubeadmConfigPatches[%d]", at, i), document, complain)
		}
	}
	for i, patch := range steps {
		place := fmt.Sprintf("%s.kubeadmConfigPatchesJSON6902[%d]", at, i)
		judgeKind(place, patch.Kind, complain)
		judgeSteps(place, patch.Patch, complain)
	}
}

func judgeKind(place, kind string, complain complaint) {
	if !slices.Contains(patched, kind) {
		complain(place, "kind %q of the patch is none that kubeadm reads%s; use one of: %s", kind, hint.Nearest(kind, patched), strings.Join(patched, ", "))
	}
}

func judgeMerge(place, text string, complain complaint) {
	var patch map[string]any
	if err := yaml.Unmarshal([]byte(text), &patch); err != nil {
		complain(place, "the patch is no YAML object: %v", err)
		return
	}
	kind, _ := patch["kind"].(string)
	judgeKind(place, kind, complain)
	for _, setting := range owned {
		if setting.kind == kind && has(patch, strings.Split(setting.path, ".")) {
			complain(place, "the patch sets %s; write that as %s", setting.path, setting.field)
		}
	}
}

// has tells whether a path leads to a value.
func has(object any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	fields, is := object.(map[string]any)
	if !is {
		return false
	}
	value, there := fields[path[0]]
	return there && has(value, path[1:])
}

func judgeSteps(place, text string, complain complaint) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		_, err = jsonpatch.DecodePatch(data)
	}
	if err != nil {
		complain(place, "the patch is no list of RFC 6902: %v", err)
	}
}
