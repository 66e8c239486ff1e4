package clusters

import (
	"slices"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/internal/fidelity"
)

// Production reports whether the configuration asks for fidelity production.
func (t Topology) Production() bool { return t.Fidelity == fidelity.Production }

// speedUp returns kubeadm's settings of a fast cluster.
func (r renderer) speedUp() []string {
	quick := []string{quickKeys, quickControllers}
	if !r.ExternalEtcd() && !r.ownEtcd() {
		quick = append(quick, quickEtcd)
	}
	return quick
}

// PlacesTokenKey reports whether kindctl makes the key that signs the tokens of
// ServiceAccounts. kubeadm gives it the algorithm of the certificates' keys, and
// many verifiers of tokens outside of the cluster accept RS256 alone. Where the
// user's own patches choose the algorithm, kubeadm makes this key too.
func (t Topology) PlacesTokenKey() bool {
	if t.Production() {
		return false
	}
	chosen := func(patches []string, json []v1alpha4.PatchJSON6902) bool {
		const field = "encryptionAlgorithm"
		return slices.ContainsFunc(patches, func(patch string) bool { return strings.Contains(patch, field) }) ||
			slices.ContainsFunc(json, func(patch v1alpha4.PatchJSON6902) bool { return strings.Contains(patch.Patch, field) })
	}
	return t.Raw == nil || !chosen(t.Raw.KubeadmConfigPatches, t.Raw.KubeadmConfigPatchesJSON6902) &&
		!slices.ContainsFunc(t.Raw.Nodes, func(node v1alpha4.Node) bool {
			return chosen(node.KubeadmConfigPatches, node.KubeadmConfigPatchesJSON6902)
		})
}

// Without an apiVersion a patch is for every version of kubeadm's configuration,
// and kind adds its arguments to those that are there (kind v0.33.0,
// pkg/internal/patch). quickKeys is for the first version that knows such keys,
// which kind writes for Kubernetes 1.36 and later.
const (
	quickKeys = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
encryptionAlgorithm: ECDSA-P256
`
	quickEtcd = `kind: ClusterConfiguration
etcd:
  local:
    extraArgs:
      unsafe-no-fsync: "true"
`
	quickControllers = `kind: ClusterConfiguration
controllerManager:
  extraArgs:
    leader-elect-retry-period: 500ms
    kube-api-qps: "200"
    kube-api-burst: "400"
scheduler:
  extraArgs:
    leader-elect-retry-period: 500ms
`
)

// Shortcut is one setting in which a cluster differs from production.
type Shortcut = fidelity.Shortcut

// Shortcuts are those that the nodes and the control plane of this Topology take.
// What is kept is kind's (v0.33.0, pkg/cluster/internal/kubeadm/config.go).
func (t Topology) Shortcuts() []Shortcut {
	all := []fidelity.Shortcut{
		{Setting: "etcd's writes", Here: "left to the kernel (--unsafe-no-fsync)", There: "on the disk before they are answered",
			Effect: "no waiting for the disk; what was written last may be lost when the machine itself dies, not when a container does"},
		{Setting: "keys of the certificates", Here: "ECDSA P-256, from Kubernetes 1.36 on", There: "RSA 2048",
			Effect: "made and used with less CPU; as strong. The key that signs ServiceAccount tokens is RSA 2048 everywhere (RS256)"},
		{Setting: "election of controller manager and scheduler", Here: "tried every 0.5 s", There: "every 2 s",
			Effect: "who leads does so as soon as the API lets it, about 3 s earlier; a few more small writes"},
		{Setting: "requests of the controller manager", Here: "200 a second", There: "20 a second",
			Effect: "its forty controllers start 5 s earlier"},
		{Setting: "CoreDNS's readiness probe", Here: "every second", There: "every 10 s",
			Effect: "DNS counts as ready as soon as it is"},
		{Setting: "pods that make volumes of the default StorageClass", Here: "on the host network", There: "on the pod network",
			Effect: "an interface and an address fewer for each volume made or removed"},
		{Setting: "a kubelet's answer to a full disk", Here: "none: it evicts no pod and removes no image", There: "evicts pods at 10 to 15 % of free space, removes images before", Kept: true,
			Effect: "the disk is the host's, whose other data would cost the nodes their pods; set so by kind, which a patch of kindConfig can change"},
		{Setting: "swap on the host", Here: "tolerated by the kubelets", There: "rejected by the kubelets", Kept: true,
			Effect: "the host may stay as it is; set so by kind"},
	}
	if t.ProxyMode != "none" {
		all = append(all, fidelity.Shortcut{Setting: "the kernel's limits of tracked connections", Here: "as the host has them", There: "set by kube-proxy", Kept: true,
			Effect: "they belong to the whole machine; set so by kind"})
	}
	return fidelity.Taken(all, t.Production())
}
