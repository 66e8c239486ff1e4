package nodes

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

func node(name string, status corev1.ConditionStatus, message string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, Message: message}}}}
}

func TestAddWantsReadyNodes(t *testing.T) {
	for _, tt := range []struct {
		cni    string
		second corev1.ConditionStatus
		refuse bool
	}{
		{"calico", corev1.ConditionTrue, false},
		{"calico", corev1.ConditionUnknown, true},
		{"none", corev1.ConditionFalse, false}, // no node of it is ever ready
	} {
		nodes := fake.NewClientset(node("a", corev1.ConditionTrue, ""), node("b", tt.second, "it is silent"))
		a := Add{runningCluster: runningCluster{client: &kube.Client{Clientset: nodes}, after: verify.Expectation{CNI: tt.cni}}}
		err := a.checkNodesReady(t.Context())
		if refused := hint.CodeOf(err) == hint.Usage && strings.Contains(err.Error(), "not ready: b (it is silent)"); refused != tt.refuse || (err != nil) != tt.refuse {
			t.Errorf("CNI %s, a node that is ready: %s: %v", tt.cni, tt.second, err)
		}
	}
}
