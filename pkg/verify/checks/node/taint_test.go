package node

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestTaintKeepsAway(t *testing.T) {
	const reason = "0/3 nodes are available: 1 node(s) had untolerated taint(s)"
	honest := func(pod *corev1.Pod) (string, string) {
		if len(pod.Spec.Tolerations) > 0 {
			return "cp1", ""
		}
		return "", reason
	}
	tests := map[string]struct {
		edit  func(map[string]*corev1.Node, map[string]*corev1.Pod)
		place func(*corev1.Pod) (string, string)
		want  string
	}{
		"kept away": {nil, honest, ""},
		"another taint besides": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["cp1"].Spec.Taints = append(n["cp1"].Spec.Taints, corev1.Taint{Key: "dedicated", Effect: corev1.TaintEffectNoExecute})
		}, func(pod *corev1.Pod) (string, string) {
			switch len(pod.Spec.Tolerations) {
			case 2:
				return "cp1", ""
			case 1:
				return "", reason
			}
			return "", "Insufficient cpu" // the other taint would have kept it away
		}, ""},
		"no taint": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Spec.Taints = nil }, honest, "cp1: the taint node-role.kubernetes.io/control-plane:NoSchedule is missing"},
		"a weaker taint": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["cp1"].Spec.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule
		}, honest, "the taint node-role.kubernetes.io/control-plane:NoSchedule is missing"},
		"no label":      {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Labels = nil }, honest, "0 tainted control planes, expected 1"},
		"it is ignored": {nil, func(*corev1.Pod) (string, string) { return "cp1", "" }, "a pod that does not tolerate the taint was given to cp1"},
		"no one is let": {nil, func(*corev1.Pod) (string, string) { return "", "Insufficient cpu" }, "a pod that tolerates the taint has no node: Unschedulable Insufficient cpu"},
		"another reason": {nil, func(pod *corev1.Pod) (string, string) {
			node, _ := honest(pod)
			return node, map[bool]string{true: "Insufficient cpu"}[node == ""]
		}, "but not for the taint: Unschedulable Insufficient cpu"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.Stamped(targettest.OtherClock, verifytest.SmallCluster(test.edit)...)
			targettest.Scheduler(target, test.place)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := taintKeepsAway(ctx, target)
			verifytest.WantErr(t, err, test.want)
		})
	}
}
