package clusters

import (
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/fidelity"
)

// Production tells whether the cluster is to be as in production.
func (t Topology) Production() bool { return t.Fidelity == fidelity.Production }

// hasten adds kubeadm's settings of a fast cluster, before the user's own. An
// older kubeadm, which writes its configuration in another version, does without
// them.
func (t Topology) hasten(config *v1alpha4.Cluster) {
	config.KubeadmConfigPatches = append([]string{quickEtcd}, config.KubeadmConfigPatches...)
	if len(t.FeatureGates) == 0 { // which would else stand in the same list
		config.KubeadmConfigPatches = append([]string{quickScheduler}, config.KubeadmConfigPatches...)
	}
	config.KubeadmConfigPatchesJSON6902 = append([]v1alpha4.PatchJSON6902{
		{Group: "kubeadm.k8s.io", Version: "v1beta4", Kind: "ClusterConfiguration", Patch: quickControllers},
	}, config.KubeadmConfigPatchesJSON6902...)
}

const (
	quickEtcd = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
encryptionAlgorithm: ECDSA-P256
etcd:
  local:
    extraArgs:
    - name: unsafe-no-fsync
      value: "true"
`
	// quickScheduler has a list that is empty in kind's own template.
	quickScheduler = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
scheduler:
  extraArgs:
  - name: leader-elect-retry-period
    value: 500ms
`
	// quickControllers adds to a list that is never empty there (kind v0.33.0,
	// pkg/cluster/internal/kubeadm/config.go).
	quickControllers = `- {op: add, path: /controllerManager/extraArgs/-, value: {name: leader-elect-retry-period, value: 500ms}}
- {op: add, path: /controllerManager/extraArgs/-, value: {name: kube-api-qps, value: "200"}}
- {op: add, path: /controllerManager/extraArgs/-, value: {name: kube-api-burst, value: "400"}}
`
)

// Shortcuts are those that the control plane takes, whichever fidelity the
// Topology has.
func (Topology) Shortcuts() []fidelity.Shortcut {
	return []fidelity.Shortcut{
		{Setting: "etcd's writes", Here: "left to the kernel (--unsafe-no-fsync)", There: "on the disk before they are answered",
			Effect: "no waiting for the disk; what was written last may be lost when the machine itself dies, not when a container does"},
		{Setting: "keys of the certificates", Here: "ECDSA P-256", There: "RSA 2048",
			Effect: "made and used with less CPU; as strong"},
		{Setting: "election of controller manager and scheduler", Here: "tried every 0.5 s", There: "every 2 s",
			Effect: "they lead as soon as the API lets them, about 3 s earlier; a few more small writes"},
		{Setting: "requests of the controller manager", Here: "200 a second", There: "20 a second",
			Effect: "its forty controllers start 5 s earlier"},
		{Setting: "CoreDNS's readiness probe", Here: "every second", There: "every 10 s",
			Effect: "DNS counts as ready as soon as it is"},
	}
}
