package clusters

import (
	"cmp"
	"fmt"
	"regexp"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/internal/kindpatch"
	"github.com/kindctl/kindctl/internal/releases"
)

// versionTag is how the tags of node images name the version of Kubernetes.
var versionTag = regexp.MustCompile(`:(v1\.[0-9]+\.[0-9]+(-(alpha|beta|rc)\.[0-9]+)?)([@_-]|$)`)

// imageOf is the node image of a node, "" for one that kindctl finds.
func (t Topology) imageOf(node Node) string {
	kinds, _ := t.kindNodeOf(node)
	return cmp.Or(kinds.Image, t.Image)
}

// kubernetesOf is the version of Kubernetes that a node is to run, as far as the
// configuration says; "" is unknown.
func (r renderer) kubernetesOf(node Node) string {
	image := r.imageOf(node)
	if version := r.settings.Versions[image]; version != "" {
		return version
	}
	if image == "" {
		return cmp.Or(r.Kubernetes(), releases.Supported[0])
	}
	if tag := versionTag.FindStringSubmatch(image); tag != nil {
		return tag[1]
	}
	return ""
}

// patchSet are patches of the configuration for one node or for all, in the order
// in which kind applies them.
type patchSet struct {
	path     string // of what holds them, in the configuration
	patches  []kindpatch.Patch
	problems []problem
}

// problem is what is wrong at a path.
type problem struct{ path, text string }

// clusterPatches are those for all nodes.
func (t Topology) clusterPatches() patchSet {
	if t.Raw == nil {
		return patchSet{path: "kindConfig"}
	}
	return t.readPatches("kindConfig", t.Raw.KubeadmConfigPatches, t.Raw.KubeadmConfigPatchesJSON6902)
}

// nodePatches are those for one node.
func (t Topology) nodePatches(node Node) patchSet {
	kinds, path := t.kindNodeOf(node)
	return t.readPatches(path, kinds.KubeadmConfigPatches, kinds.KubeadmConfigPatchesJSON6902)
}

func (t Topology) readPatches(at string, merges []string, steps []v1alpha4.PatchJSON6902) patchSet {
	set := patchSet{path: at}
	for i, text := range merges {
		path := fmt.Sprintf("%s.kubeadmConfigPatches[%d]", at, i)
		patches, err := kindpatch.Parse(text, t.placeOf(path), t.linesOf(path))
		if err != nil {
			set.problems = append(set.problems, problem{path, fmt.Sprintf("the patch is no YAML object: %v", err)})
		}
		set.patches = append(set.patches, patches...)
	}
	for i, step := range steps {
		path := fmt.Sprintf("%s.kubeadmConfigPatchesJSON6902[%d]", at, i)
		patch, err := kindpatch.ParseSteps(step.Kind, step.Group, step.Version, step.Patch, t.placeOf(path), t.linesOf(path+".patch"))
		if err != nil {
			set.problems = append(set.problems, problem{path, fmt.Sprintf("the patch is no list of RFC 6902: %v", err)})
			continue
		}
		set.patches = append(set.patches, patch)
	}
	return set
}

// placeOf is where a value stands, or else its path.
func (t Topology) placeOf(path string) string {
	if found, known := t.origins.of(path); known && found.level == fromFile {
		return found.place
	}
	return path
}

// linesOf returns where the lines of a text stand.
func (t Topology) linesOf(path string) func(int) string {
	found, known := t.origins.of(path)
	if !known || found.level != fromFile {
		return nil
	}
	return found.line
}

// kindpatchNode is what kind writes kubeadm's configuration for.
func (r renderer) kindpatchNode(node Node) kindpatch.Node {
	runtime := map[string]string{}
	for api, on := range r.RuntimeConfig {
		runtime[api] = fmt.Sprint(on)
	}
	loopback := "127.0.0.1"
	if r.IPFamily == IPv6 {
		loopback = "::1"
	}
	return kindpatch.Node{
		APIServerAddress: cmp.Or(r.apiServerAddress(), loopback),
		Name:             node.Name, Cluster: r.Name, First: node.isFirst(), ControlPlane: node.Role == ControlPlane,
		Kubernetes: r.kubernetesOf(node), PodSubnet: r.Pods(), ServiceSubnet: r.Services(), ProxyMode: r.ProxyMode, IPv6: r.IPFamily == IPv6,
		FeatureGates: r.FeatureGates, RuntimeConfig: runtime,
	}
}
