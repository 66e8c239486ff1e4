package clusters

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// Rendered is the configuration of a node as it will be written, for those who
// read it.
type Rendered struct {
	// Node is the name of the node, and Image its node image, "" for the cluster's.
	Node, Image string
	// Kubeadm are the documents that kubeadm reads, and Kubelet is the kubelet's.
	Kubeadm, Kubelet []byte
	// Flags are the arguments of components that are set, by component.
	Flags map[string][]string
}

// Patched reports whether the configuration has patches.
func (t Topology) Patched() bool {
	if t.Raw == nil {
		return false
	}
	kubeadm := len(t.Raw.KubeadmConfigPatches) + len(t.Raw.KubeadmConfigPatchesJSON6902)
	if containerd := len(t.Raw.ContainerdConfigPatches) + len(t.Raw.ContainerdConfigPatchesJSON6902); kubeadm+containerd > 0 {
		return true
	}
	for _, node := range t.Raw.Nodes {
		if len(node.KubeadmConfigPatches)+len(node.KubeadmConfigPatchesJSON6902) > 0 {
			return true
		}
	}
	return false
}

// Images are the node images that nodes name themselves, by node; "" is the
// cluster's.
func (t Topology) Images() (images []string) {
	for _, node := range t.Each() {
		kinds, _ := t.kindNodeOf(node)
		images = append(images, kinds.Image)
	}
	return images
}

// Render returns the configuration of the first control plane and of every other
// node that has patches or an image of its own.
func (t Topology) Render(settings NodeSettings) (all []Rendered, err error) {
	for _, node := range t.Each() {
		kinds, _ := t.kindNodeOf(node)
		if !node.isFirst() && len(t.nodePatches(node).patches) == 0 && kinds.Image == "" {
			continue
		}
		documents := renderer{t, settings}.rendered(node).documents.Read()
		one := Rendered{Node: node.Name, Image: kinds.Image, Flags: arguments(documents, node)}
		if one.Kubelet, err = yaml.Marshal(documents[kindpatch.KubeletConfiguration]); err != nil {
			return nil, err
		}
		var parts [][]byte
		for _, kind := range slices.Sorted(maps.Keys(documents)) {
			if node.isFirst() == (kind == kindpatch.JoinConfiguration) { // it reads the others
				continue
			}
			part, err := yaml.Marshal(documents[kind])
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		one.Kubeadm = bytes.Join(parts, []byte("---\n"))
		all = append(all, one)
	}
	return all, nil
}

// arguments are the flags of the components that a node runs.
func arguments(documents kindpatch.Documents, node Node) map[string][]string {
	flags := map[string][]string{}
	kind := kindpatch.JoinConfiguration
	if node.isFirst() {
		kind = kindpatch.InitConfiguration
		for path, component := range componentOf {
			flags[component] = kindpatch.Flags(documents[kindpatch.ClusterConfiguration], append(strings.Split(path, "."), "extraArgs")...)
		}
	}
	flags["kubelet"] = slices.DeleteFunc(kindpatch.Flags(documents[kind], "nodeRegistration", "kubeletExtraArgs"), func(flag string) bool {
		return strings.HasPrefix(flag, "--node-ip=")
	})
	return flags
}

// ContainerdPatches are those of containerd's configuration as kind gets them, each
// with where it stands.
func (t Topology) ContainerdPatches() (patches []ContainerdPatch) {
	if t.Raw == nil {
		return nil
	}
	merges := t.Raw.ContainerdConfigPatches
	registries, err := t.registries()
	translated := err == nil && registries.Rewritten()
	if translated {
		merges = registries.Patches
	}
	for i, text := range merges {
		place := "kindConfig.containerdConfigPatches"
		if !translated {
			place = t.placeOf(containerdPath(i))
		}
		patches = append(patches, ContainerdPatch{Place: place, Merge: text})
	}
	for i, text := range t.Raw.ContainerdConfigPatchesJSON6902 {
		if steps, err := stepsAsJSON(text); err == nil { // else it is refused
			patches = append(patches, ContainerdPatch{Place: t.placeOf(fmt.Sprintf("kindConfig.containerdConfigPatchesJSON6902[%d]", i)), Steps: steps})
		}
	}
	return patches
}

// ContainerdPatch is a patch of containerd's configuration: a merge patch in TOML,
// or steps of RFC 6902 in JSON.
type ContainerdPatch struct{ Place, Merge, Steps string }

// Apply returns the configuration with the patch, as kind makes it, and whether it
// is another one than before.
func (p ContainerdPatch) Apply(config string) (patched string, changed bool, err error) {
	return kindpatch.ApplyContainerd(config, p.Merge, p.Steps)
}
