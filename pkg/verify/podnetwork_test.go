package verify

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestAwaitsCNI judges nodes that nobody has given a CNI yet.
func TestAwaitsCNI(t *testing.T) {
	without := func(names ...string) func(map[string]*corev1.Node, map[string]*corev1.Pod) {
		return func(nodes map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			for _, name := range names {
				nodes[name].Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse,
					Reason: "KubeletNotReady", Message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"}
			}
		}
	}
	tests := map[string]struct {
		edit       func(map[string]*corev1.Node, map[string]*corev1.Pod)
		cni        string
		discovered bool
		skips      bool
		want       string
	}{
		"made without one":        {without("cp1", "w1", "w2"), "none", false, true, ""},
		"of somebody else":        {without("cp1", "w1", "w2"), "none", true, true, "w1: not ready: KubeletNotReady"},
		"one node was left out":   {without("w1"), "none", false, false, "w1: not ready: KubeletNotReady"},
		"the user installed one":  {nil, "none", false, false, ""},
		"made with one, and lost": {without("cp1", "w1", "w2"), "calico", false, false, "w1: not ready: KubeletNotReady"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expect := threeNodes
			expect.CNI, expect.Discovered = test.cni, test.discovered
			target := fakeTarget(expect, fakePods{answers: answersFrom(":10248/healthz", "ok", "cp1", "w1", "w2")}, smallCluster(test.edit)...)
			target.lookAround(t.Context())
			_, err := kubeletsAlive(t.Context(), target)
			wantErr(t, err, test.want)
			for _, reason := range []string{withoutCNI(target), onlyTaintedNode(target), taintDoesNotApply(target)} {
				if skips := strings.Contains(reason, "CNI"); skips != test.skips {
					t.Errorf("skipped for %q, want %v", reason, test.skips)
				}
			}
		})
	}
}
