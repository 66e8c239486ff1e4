package clusters

import (
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// translation are patches in the form in which kind applies them, if that is
// another one than the configuration's.
type translation struct {
	patches []kindpatch.Patch
	changed bool
}

// translatedFor makes the patches of a set ones that kind applies to these nodes.
func (r renderer) translatedFor(set patchSet, nodes []Node) translation {
	_, kubeadm := r.versionsOf(nodes)
	patches, changed := translatedSet(set.patches, kubeadm)
	return translation{patches, changed}
}

// into writes the patches where kind reads them.
func (n translation) into(merges *[]string, steps *[]v1alpha4.PatchJSON6902) {
	if !n.changed {
		return
	}
	*merges, *steps = nil, nil
	for _, patch := range n.patches {
		text, err := patch.Encode()
		if err != nil {
			panic(err) // it was read
		}
		if patch.IsMerge() {
			*merges = append(*merges, text)
			continue
		}
		group, version, _ := strings.Cut(patch.APIVersion, "/")
		if version == "" {
			group, version = "", group
		}
		*steps = append(*steps, v1alpha4.PatchJSON6902{Group: group, Version: version, Kind: patch.Kind, Patch: text})
	}
}

// translate changes patches for all nodes that kind would pass over.
func (r renderer) translate(config *v1alpha4.Cluster) {
	if r.Raw == nil {
		return
	}
	r.translatedFor(r.clusterPatches(), r.Each()).into(&config.KubeadmConfigPatches, &config.KubeadmConfigPatchesJSON6902)
	if registries, err := r.registries(); err == nil && registries.Rewritten() { // else as it was, or refused
		config.ContainerdConfigPatches = registries.Patches
	}
	for i, text := range config.ContainerdConfigPatchesJSON6902 {
		if steps, err := stepsAsJSON(text); err == nil { // else it is refused
			config.ContainerdConfigPatchesJSON6902[i] = steps
		}
	}
}
