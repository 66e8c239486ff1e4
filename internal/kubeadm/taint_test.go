package kubeadm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
)

// TestPrepareSingleNode wants an only node to take ordinary pods and load balancers, and
// the rest of its taints and labels to stay, though someone changes it meanwhile.
func TestPrepareSingleNode(t *testing.T) {
	other := corev1.Taint{Key: "team", Value: "a", Effect: corev1.TaintEffectNoSchedule}
	clientset := fake.NewClientset(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "lab-control-plane", Labels: map[string]string{clusters.ControlPlaneTaint.Key: "", excludeBalancersLabel: "", "tier": "one"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{clusters.ControlPlaneTaint, other}},
	})
	conflicts := 1
	clientset.PrependReactor("patch", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
		conflicts--
		return conflicts >= 0, nil, apierrors.NewConflict(corev1.Resource("nodes"), "lab-control-plane", nil)
	})
	if err := PrepareSingleNode(t.Context(), &kube.Client{Clientset: clientset}, "lab-control-plane"); err != nil {
		t.Fatal(err)
	}
	node, err := clientset.CoreV1().Nodes().Get(t.Context(), "lab-control-plane", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]corev1.Taint{other}, node.Spec.Taints); diff != "" {
		t.Errorf("taints (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{clusters.ControlPlaneTaint.Key: "", "tier": "one"}, node.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}
