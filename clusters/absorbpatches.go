package clusters

import (
	"slices"
	"strconv"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/kindpatch"
)

// absorbPatches takes over what merge patches for the first control plane say about
// things that have fields here. The patches stay as they are.
func (t *Topology) absorbPatches() (problems []string) {
	net := &t.Raw.Networking
	patches := t.clusterPatches().patches
	for i, node := range t.Raw.Nodes {
		if node.Role == "" || node.Role == ControlPlane {
			set := t.readPatches("kindConfig.nodes["+strconv.Itoa(i)+"]", node.KubeadmConfigPatches, nil)
			patches = append(patches, set.patches...)
			break
		}
	}
	for _, patch := range patches {
		switch patch.Kind {
		case kindpatch.ClusterConfiguration:
			problems = append(problems, t.absorbText(patch, &net.PodSubnet, "podSubnet", "networking", "podSubnet")...)
			problems = append(problems, t.absorbText(patch, &net.ServiceSubnet, "serviceSubnet", "networking", "serviceSubnet")...)
		case kindpatch.KubeProxyConfiguration:
			mode := string(net.KubeProxyMode)
			problems = append(problems, t.absorbText(patch, &mode, "kubeProxyMode", "mode")...)
			net.KubeProxyMode = v1alpha4.ProxyMode(mode)
		case kindpatch.InitConfiguration:
			if skipped, _ := patch.Value("skipPhases").([]any); slices.Contains(skipped, any("addon/kube-proxy")) && net.KubeProxyMode == "" && !t.origins.inFile("proxyMode") {
				net.KubeProxyMode = "none"
				t.origins["kindConfig.networking.kubeProxyMode"] = origin{level: fromFile, place: patch.PlaceOf("skipPhases")}
			}
		}
	}
	return problems
}

// absorbed reports whether absorbPatches takes something of a patch over, so that the
// configuration has it without the patch.
func absorbed(patch kindpatch.Patch) bool {
	switch patch.Kind {
	case kindpatch.ClusterConfiguration:
		return patch.Has("networking", "podSubnet") || patch.Has("networking", "serviceSubnet")
	case kindpatch.KubeProxyConfiguration:
		return patch.Has("mode")
	case kindpatch.InitConfiguration:
		return patch.Has("skipPhases")
	}
	return false
}

// absorbText has kind's own field of networking say what a patch does, so that what
// both say, and differently, is found.
func (t *Topology) absorbText(patch kindpatch.Patch, kinds *string, field string, path ...string) []string {
	text, said := patch.Text(path...)
	place := "kindConfig.networking." + field
	switch {
	case !said || text == "" || masked(text) == masked(*kinds):
		return nil
	case *kinds != "":
		return []string{t.origins.prefix(place) + place + " is " + *kinds + ", but " + patch.PlaceOf(path...) + ": the patch sets " + text}
	}
	*kinds = text
	t.origins[place] = origin{level: fromFile, place: patch.PlaceOf(path...)}
	return nil
}
