package verify

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestNodesThatAwaitACloud(t *testing.T) {
	waiting := verifytest.ReadyNode("w1")
	waiting.Spec.Taints = []corev1.Taint{{Key: CloudTaint, Value: "true", Effect: corev1.TaintEffectNoSchedule}}
	for _, test := range []struct {
		nodes []runtime.Object
		want  bool
	}{{[]runtime.Object{waiting}, true}, {[]runtime.Object{waiting, verifytest.ReadyNode("w2")}, false}} {
		target := fakeTarget(threeNodes, verifytest.Pods{}, test.nodes...)
		target.Survey(t.Context())
		if skips := WithoutNodes(target) != ""; skips != test.want {
			t.Errorf("%d nodes: skipped %v", len(test.nodes), skips)
		}
	}
}
