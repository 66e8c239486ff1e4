package cilium

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestRangesOfNodes: what kubeadm gives to a node counts only where Cilium uses it.
func TestRangesOfNodes(t *testing.T) {
	settings := func(data map[string]string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "cilium-config"}, Data: data}
	}
	ofKubeadm, ofCilium := map[string][]string{"a": {"10.244.0.0/24", "fd00::/64"}}, map[string][]string{"a": {"10.0.3.0/24"}}
	tests := map[string]struct {
		settings []runtime.Object
		ranges   map[string][]string
		want     string
	}{
		"kubernetes":   {[]runtime.Object{settings(map[string]string{"ipam": "kubernetes"})}, ofKubeadm, ""},
		"cluster-pool": {[]runtime.Object{settings(map[string]string{"ipam": "cluster-pool"})}, ofCilium, ""},
		"not said":     {[]runtime.Object{settings(nil)}, ofCilium, ""},
		"eni":          {[]runtime.Object{settings(map[string]string{"ipam": "eni"})}, nil, "Cilium hands out addresses in mode eni"},
		"no settings":  {nil, nil, "read Cilium's settings"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.NodeSpec{PodCIDR: "10.244.0.0/24", PodCIDRs: ofKubeadm["a"]}}
			ciliumNode := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": map[string]any{"name": "a"},
				"spec": map[string]any{"ipam": map[string]any{"podCIDRs": []any{"10.0.3.0/24"}}},
			}}
			client := &kube.Client{
				Clientset: fake.NewClientset(append(test.settings, node)...),
				Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(
					runtime.NewScheme(), map[schema.GroupVersionResource]string{ciliumNodes: "CiliumNodeList"}, ciliumNode,
				),
			}
			got, err := rangesOfNodes(t.Context(), client)
			if diff := cmp.Diff(test.ranges, got); diff != "" || (err == nil) != (test.want == "") ||
				err != nil && !strings.Contains(err.Error(), test.want) {
				t.Error(err, diff)
			}
		})
	}
}

// TestAgentsElsewhere: what asks the agents says where they are instead.
func TestAgentsElsewhere(t *testing.T) {
	target := &verify.Target{Expect: verify.Expectation{Workers: 2, CNI: "cilium", CNINamespace: "cilium", ProxyMode: "none"}}
	for _, check := range New(plugin.Options{}).Checks() {
		if asks := check.ID != "cil.mesh"; asks && (check.Skip == nil || !strings.Contains(check.Skip(target), "are in namespace cilium,")) {
			t.Errorf("%s is not skipped", check.ID)
		}
	}
	target.Expect.CNINamespace = namespace
	for _, check := range New(plugin.Options{}).Checks() {
		if check.Skip != nil && check.Skip(target) != "" {
			t.Errorf("%s is skipped: %s", check.ID, check.Skip(target))
		}
	}
}
