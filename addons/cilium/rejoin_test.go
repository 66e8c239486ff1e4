package cilium

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestAstray(t *testing.T) {
	node := func(name, address string) corev1.Node {
		return corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}},
		}
	}
	pod := func(name, node string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.PodSpec{NodeName: node}}
	}
	endpoint := func(name, address string) unstructured.Unstructured {
		return unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"namespace": "default", "name": name},
			"status":   map[string]any{"networking": map[string]any{"node": address}},
		}}
	}
	nodes := []corev1.Node{node("a", "172.18.0.2"), node("b", "172.18.0.3")}
	pods := []corev1.Pod{pod("one", "a"), pod("two", "b"), pod("waiting", "")}
	tests := map[string]struct {
		endpoints []unstructured.Unstructured
		want      []string
	}{
		"all at home":                   {[]unstructured.Unstructured{endpoint("one", "172.18.0.2"), endpoint("two", "172.18.0.3")}, nil},
		"the nodes have changed places": {[]unstructured.Unstructured{endpoint("one", "172.18.0.3"), endpoint("two", "172.18.0.2")}, []string{"one", "two"}},
		"an address that no one has":    {[]unstructured.Unstructured{endpoint("one", "172.18.0.9"), endpoint("two", "172.18.0.3")}, []string{"one"}},
		"no address at all":             {[]unstructured.Unstructured{endpoint("one", "")}, []string{"one"}},
		"no pod, or one without a node": {[]unstructured.Unstructured{endpoint("gone", "172.18.0.9"), endpoint("waiting", "172.18.0.9")}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, stale := range staleEndpoints(test.endpoints, pods, nodes) {
				got = append(got, stale.GetName())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
