package clusters

import (
	"testing"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

func TestPlacesTokenKey(t *testing.T) {
	const chosen = "kind: ClusterConfiguration\nencryptionAlgorithm: RSA-3072\n"
	tests := []struct {
		name     string
		topology Topology
		want     bool
	}{
		{"by default", Topology{}, true},
		{"another patch", Topology{Raw: &v1alpha4.Cluster{KubeadmConfigPatches: []string{"kind: ClusterConfiguration\n"}}}, true},
		{"as in production", Topology{Fidelity: "production"}, false},
		{"an algorithm of the user's", Topology{Raw: &v1alpha4.Cluster{KubeadmConfigPatches: []string{chosen}}}, false},
		{"by a JSON patch", Topology{Raw: &v1alpha4.Cluster{KubeadmConfigPatchesJSON6902: []v1alpha4.PatchJSON6902{
			{Patch: `[{"op": "replace", "path": "/encryptionAlgorithm", "value": "ECDSA-P384"}]`}}}}, false},
		{"on a node", Topology{Raw: &v1alpha4.Cluster{Nodes: []v1alpha4.Node{{KubeadmConfigPatches: []string{chosen}}}}}, false},
	}
	for _, tt := range tests {
		if got := tt.topology.PlacesTokenKey(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
