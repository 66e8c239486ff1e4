package controllers

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestSchedulerPlaces(t *testing.T) {
	tests := map[string]struct{ node, reason, want string }{
		"placed":        {"w1", "", ""},
		"refused":       {"", "0/3 nodes are available", "pod placed has no node: Unschedulable 0/3 nodes are available ("},
		"not looked at": {"", "", "pod placed has no node: the scheduler has not looked at it ("},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.Stamped(targettest.OtherClock)
			if err := target.Kube.Clientset.(*fake.Clientset).Tracker().Add(verifytest.ReadyNode("w1")); err != nil {
				t.Fatal(err)
			}
			targettest.Scheduler(target, func(*corev1.Pod) (string, string) { return test.node, test.reason })
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			evidence, err := schedulerPlaces(ctx, target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestCordonedNodes(t *testing.T) {
	cordoned, tainted := verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2")
	cordoned.Spec.Unschedulable = true
	tainted.Spec.Taints = []corev1.Taint{{Key: "team", Effect: corev1.TaintEffectNoSchedule}}
	tests := map[string]struct {
		nodes       []runtime.Object
		want        string
		tolerations int
	}{
		"all cordoned":   {[]runtime.Object{verifytest.ReadyNode("cp1"), cordoned}, "all nodes for ordinary pods are cordoned: w1", 0},
		"one is free":    {[]runtime.Object{cordoned, tainted, verifytest.ReadyNode("w3")}, "", 0},
		"one is for use": {[]runtime.Object{cordoned, tainted}, "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "placed"}}
			err := reserved(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}, test.nodes...), pod)
			verifytest.WantErr(t, err, test.want)
			if len(pod.Spec.Tolerations) != test.tolerations {
				t.Errorf("tolerations %+v", pod.Spec.Tolerations)
			}
		})
	}
}
