package lab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/test/bench/compare"
)

// TestStockConfig: but for the CNI, the image and an old cgroup version, kind is
// told nothing that it would not do by itself.
func TestStockConfig(t *testing.T) {
	got := stockConfig(compare.Order{Cluster: "x", Nodes: 3, Image: "node:1"}, false)
	var defaults v1alpha4.Cluster
	v1alpha4.SetDefaultsCluster(&defaults)
	want := defaults
	want.Name, want.Networking.DisableDefaultCNI = "x", true
	want.Nodes = []v1alpha4.Node{
		{Role: v1alpha4.ControlPlaneRole, Image: "node:1"},
		{Role: v1alpha4.WorkerRole, Image: "node:1"},
		{Role: v1alpha4.WorkerRole, Image: "node:1"},
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	old := stockConfig(compare.Order{Nodes: 1}, true)
	if diff := cmp.Diff([]string{"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n"}, old.KubeadmConfigPatches); diff != "" || len(old.Nodes) != 1 {
		t.Errorf("on cgroup v1 with one node: %d nodes, patches (-want +got):\n%s", len(old.Nodes), diff)
	}
}
