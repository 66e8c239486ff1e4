package clusters

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// review is what there is to say about patches: what is refused, and what is changed or
// has no effect here.
type review struct {
	renderer
	problems []string
	warnings []string
	// effective says, of each patch that a node reads, whether one is changed by it.
	effective map[patchID]bool
}

// ReviewPatches says what kind and kubeadm would make of the patches: problems for
// which no cluster is made, and warnings of what is translated. The versions
// of Kubernetes, by node image, are those that are known beyond what the
// configuration says.
func (t Topology) ReviewPatches(versions map[string]string) (warnings, problems []string) {
	if t.Raw == nil || t.ControlPlanes < 1 || t.Nodes() > maxNodes {
		return nil, nil
	}
	r := &review{renderer: renderer{t, NodeSettings{Versions: versions}}, effective: map[patchID]bool{}}
	nodes := t.Each()
	r.set(t.clusterPatches(), nodes, nil)
	for i, node := range nodes {
		r.set(t.nodePatches(node), nodes[i:i+1], nodes)
		r.effects(node)
	}
	if len(r.problems) == 0 {
		r.withoutEffect(t.clusterPatches())
		for _, node := range nodes {
			r.withoutEffect(t.nodePatches(node))
		}
	}
	r.containerd()
	return slices.Compact(r.warnings), slices.Compact(r.problems)
}

func (r *review) refuse(place, format string, args ...any) {
	r.problems = append(r.problems, strings.TrimPrefix(place+": ", ": ")+fmt.Sprintf(format, args...))
}

func (r *review) warn(place, format string, args ...any) {
	r.warnings = append(r.warnings, strings.TrimPrefix(place+": ", ": ")+fmt.Sprintf(format, args...))
}

// versionsOf are the versions of Kubernetes of nodes, and those of kubeadm's
// configuration; none if one of them is unknown.
func (r renderer) versionsOf(nodes []Node) (kubernetes, kubeadm []string) {
	for _, node := range nodes {
		version := r.kubernetesOf(node)
		if version == "" {
			return nil, nil
		}
		kubernetes, kubeadm = append(kubernetes, version), append(kubeadm, kindpatch.KubeadmVersion(version))
	}
	slices.Sort(kubernetes)
	slices.Sort(kubeadm)
	return slices.Compact(kubernetes), slices.Compact(kubeadm)
}

// set reviews the patches for some nodes; of is nil for those of all.
func (r *review) set(set patchSet, nodes, of []Node) {
	for _, problem := range set.problems {
		r.refuse(r.placeOf(problem.path), "%s", problem.text)
	}
	kubernetes, kubeadm := r.versionsOf(nodes)
	for i, patch := range set.patches {
		version, foreign := "", patch.Foreign(kubeadm)
		if len(kubernetes) == 1 && (!foreign || translates(patch, set.patches, i, kubeadm)) {
			version = kubernetes[0]
		}
		findings := patch.Check(version)
		for _, finding := range findings {
			r.refuse(finding.Place, "%s", finding.Text)
		}
		if len(findings) > 0 {
			continue
		}
		if patch.Empty() {
			r.warn(patch.Place, "the patch of kind %s asks for nothing", patch.Kind)
			continue
		}
		r.owned(patch, nodes)
		if of == nil {
			r.unreadByAll(set, patch)
		} else {
			r.unread(set, patch, nodes[0])
		}
		if len(kubeadm) > 0 && translates(patch, set.patches, i, kubeadm) {
			r.translated(patch, kubernetes, kubeadm)
		}
	}
}

// translates reports whether a patch must be changed for kind to apply it: it names
// a version that is not there and has no twin that does, or has arguments in a form
// that kind does not take.
func translates(patch kindpatch.Patch, set []kindpatch.Patch, at int, kubeadm []string) bool {
	if !patch.Foreign(kubeadm) {
		return patch.WrongForm(kubeadm)
	}
	return !slices.ContainsFunc(append(slices.Clone(set[:at]), set[at+1:]...), func(twin kindpatch.Patch) bool {
		return twin.Kind == patch.Kind && twin.IsMerge() == patch.IsMerge() && twin.APIVersion != "" && !twin.Foreign(kubeadm)
	})
}

func (r *review) translated(patch kindpatch.Patch, kubernetes, kubeadm []string) {
	if _, err := patch.Translated(); err != nil {
		r.refuse(patch.Place, "%v", err)
		return
	}
	fields := "apiVersion"
	if !patch.IsMerge() {
		fields = "group and version"
	}
	switch {
	case !patch.Foreign(kubeadm):
		r.warn(patch.Place, "kind %s: the arguments are applied in the form of kubeadm %s", patch.Kind, strings.Join(kubeadm, ", "))
	case patch.OfKubeadm():
		r.warn(patch.PlaceOf("apiVersion"), "kind %s of kubeadm %s is applied as %s, which Kubernetes %s has; leave %s out to apply it to any",
			patch.Kind, patch.Version(), strings.Join(kubeadm, ", "), strings.Join(kubernetes, ", "), fields)
	default:
		r.warn(patch.PlaceOf("apiVersion"), "kind %s is applied although it is of another apiVersion than %q; leave %s out", patch.Kind, patch.APIVersion, fields)
	}
}

// translatedSet are the patches of a set as they are handed to kind.
func translatedSet(set []kindpatch.Patch, kubeadm []string) (all []kindpatch.Patch, changed bool) {
	if len(kubeadm) == 0 {
		return set, false
	}
	for i, patch := range set {
		if translates(patch, set, i, kubeadm) {
			if patches, err := patch.Translated(); err == nil { // else it is refused
				all, changed = append(all, patches...), true
				continue
			}
		}
		all = append(all, patch)
	}
	return all, changed
}

// unreadByAll finds patches for all nodes of a kind that none of them reads.
func (r *review) unreadByAll(set patchSet, patch kindpatch.Patch) {
	switch {
	case patch.Kind == kindpatch.KubeProxyConfiguration && r.ProxyMode == "none":
		r.refuse(patch.Place, "kind %s: there is no kube-proxy, because the proxy mode is none; leave the patch out", patch.Kind)
	case patch.Kind == kindpatch.JoinConfiguration && r.Nodes() == 1 && has(set, kindpatch.InitConfiguration):
		r.warn(patch.Place, "kind %s has no effect: no node joins the only one", patch.Kind)
	case patch.Kind == kindpatch.JoinConfiguration && r.Nodes() == 1:
		r.refuse(patch.Place, "kind %s has no effect: no node joins the only one; write it as kind %s, which that one reads", patch.Kind, kindpatch.InitConfiguration)
	}
}

func has(set patchSet, kind string) bool {
	return slices.ContainsFunc(set.patches, func(p kindpatch.Patch) bool { return p.Kind == kind && !p.Empty() })
}

// unread finds patches for one node of a kind that it does not read.
func (r *review) unread(set patchSet, patch kindpatch.Patch, node Node) {
	read, other := kindpatch.JoinConfiguration, kindpatch.InitConfiguration
	if node.isFirst() {
		read, other = other, read
	}
	switch {
	case patch.Kind == read || !slices.Contains(kindpatch.Kinds, patch.Kind):
	case patch.Kind == other && has(set, read):
		r.warn(patch.Place, "kind %s has no effect on %s, which reads %s", patch.Kind, node.Name, read)
	case patch.Kind == other:
		r.refuse(patch.Place, "kind %s has no effect on %s, which reads %s; write it as that kind", patch.Kind, node.Name, read)
	case node.isFirst():
		if patch.Kind == kindpatch.KubeProxyConfiguration && r.ProxyMode == "none" {
			r.refuse(patch.Place, "kind %s: there is no kube-proxy, because the proxy mode is none; leave the patch out", patch.Kind)
		}
	case r.saysTheSame(patch):
	case patch.Kind == kindpatch.KubeletConfiguration:
		r.refuse(patch.Place, "kind %s has no effect on %s, which joins and takes the cluster's; write it for all nodes, or as flags of this kubelet: kind %s, nodeRegistration.kubeletExtraArgs",
			patch.Kind, node.Name, kindpatch.JoinConfiguration)
	default:
		r.refuse(patch.Place, "kind %s has no effect on %s: the first control plane reads it for all; write it there, or for all nodes", patch.Kind, node.Name)
	}
}

// saysTheSame reports whether the first control plane has what a patch asks for.
func (r *review) saysTheSame(patch kindpatch.Patch) bool {
	first := r.Each()[0]
	_, kubeadm := r.versionsOf([]Node{first})
	patches, _ := translatedSet([]kindpatch.Patch{patch}, kubeadm)
	documents := r.rendered(first).documents
	for _, one := range patches {
		if changes, err := one.Apply(documents); err != nil || len(changes) > 0 {
			return false
		}
	}
	return true
}

// effects finds patches that cannot be applied to a node's configuration, and those
// that change it.
func (r *review) effects(node Node) {
	rendered := r.rendered(node)
	for _, failure := range rendered.failures {
		r.refuse(failure.patch.Place, "the patch of kind %s cannot be applied: %v", failure.patch.Kind, failure.err)
	}
	r.keptSwitches(rendered)
	for id, effective := range rendered.effective {
		if node.isFirst() != (id.kind == kindpatch.JoinConfiguration) { // the node reads it
			r.effective[id] = r.effective[id] || effective
		}
	}
}

// withoutEffect warns of patches that set what is so without them.
func (r *review) withoutEffect(set patchSet) {
	for _, patch := range set.patches {
		if effective, read := r.effective[idOf(patch)]; read && !effective && !patch.Empty() && !isRead(patch) {
			r.warn(patch.PlaceOf("kind"), "the patch of kind %s changes nothing: all that it sets is set without it", patch.Kind)
		}
	}
}

// owned refuses what contradicts the rest of the configuration.
func (r *review) owned(patch kindpatch.Patch, nodes []Node) {
	if !patch.IsMerge() {
		return
	}
	if value, set := patch.Text("kubernetesVersion"); set && patch.Kind == kindpatch.ClusterConfiguration {
		if version := r.kubernetesOf(nodes[0]); version != "" && version != value {
			r.refuse(patch.PlaceOf("kubernetesVersion"), "the patch sets kubernetesVersion to %s, and the node image has %s; write kubernetesVersion or image of the cluster", value, version)
		}
	}
	if patch.Kind == kindpatch.ClusterConfiguration && patch.Sets("etcd", "external") && r.ExternalEtcd() {
		r.refuse(patch.PlaceOf("etcd"), "the patch leads to an etcd of yours, and etcd is external, in containers of kindctl; leave one of them out")
	}
	if (patch.Kind == kindpatch.InitConfiguration || patch.Kind == kindpatch.JoinConfiguration) && patch.Has("nodeRegistration", "taints") {
		for _, node := range nodes {
			if len(node.Taints) > 0 && (node.isFirst() == (patch.Kind == kindpatch.InitConfiguration)) {
				r.refuse(patch.PlaceOf("nodeRegistration", "taints"), "the patch sets nodeRegistration.taints, and %s has taints of its own; write them all as taints of nodes, or all in the patch", node.Name)
			}
		}
	}
}
