package verify

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestAgents(t *testing.T) {
	labels := map[string]string{"k8s-app": "agent"}
	agent := func(name, node string) *corev1.Pod { return verifytest.SystemPod(name, node, labels) }
	leaving := agent("old", "w1")
	leaving.DeletionTimestamp, leaving.Finalizers = &metav1.Time{}, []string{"x"}
	starting := agent("starting", "w2")
	starting.Status = corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{
		{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}},
	}}
	crashed := agent("crashed", "w2")
	crashed.Status.ContainerStatuses = []corev1.ContainerStatus{
		{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}},
	}
	crashed.Status.Conditions = nil
	unready := agent("c", "w2")
	unready.Status.Conditions = nil
	nodes := []runtime.Object{verifytest.ReadyNode("cp"), verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2")}
	tests := []struct {
		name string
		pods []runtime.Object
		want string
	}{
		{"one on each", []runtime.Object{agent("c", "w2"), agent("a", "cp"), agent("b", "w1")}, ""},
		{"an old one goes", []runtime.Object{agent("c", "w2"), agent("a", "cp"), agent("b", "w1"), leaving}, ""},
		{"not ready is not evaluated here", []runtime.Object{unready, agent("a", "cp"), agent("b", "w1")}, ""},
		{"one is missing", []runtime.Object{agent("a", "cp"), agent("c", "w2"), leaving}, "w1: there is no pod k8s-app=agent"},
		{"one cannot start", []runtime.Object{agent("a", "cp"), agent("b", "w1"), starting}, "w2: starting does not run: ErrImagePull"},
		{"one crashes", []runtime.Object{agent("a", "cp"), agent("b", "w1"), crashed}, "w2: crashed does not run: CrashLoopBackOff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := fakeTarget(threeNodes, verifytest.Pods{}, append(append([]runtime.Object{}, nodes...), tt.pods...)...)
			pods, err := target.Agents(t.Context(), "k8s-app=agent")
			verifytest.WantErr(t, err, tt.want)
			var names []string
			for _, pod := range pods {
				names = append(names, pod.Name)
			}
			if diff := cmp.Diff([]string{"a", "b", "c"}, names); tt.want == "" && diff != "" {
				t.Errorf("agents (-want +got):\n%s", diff)
			}
		})
	}
	two := fakeTarget(threeNodes, verifytest.Pods{}, verifytest.ReadyNode("cp"), verifytest.ReadyNode("w1"), agent("a", "cp"), agent("b", "w1"))
	_, err := two.Agents(t.Context(), "k8s-app=agent")
	verifytest.WantErr(t, err, "2 nodes (cp, w1), expected 3")
}

func TestComponentsNamesWhatLacks(t *testing.T) {
	expect := threeNodes
	expect.ControlPlanes = 2
	target := fakeTarget(expect, verifytest.Pods{}, verifytest.ReadyNode("cp1"), verifytest.ReadyNode("cp2"), verifytest.ReadyNode("w1"),
		verifytest.ComponentPod("kube-scheduler", "cp1"))
	_, err := target.Components(t.Context(), "kube-scheduler")
	verifytest.WantErr(t, err, "cp2: there is no kube-scheduler pod")
}

func TestOnEachNamesWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pods := []corev1.Pod{*verifytest.SystemPod("a", "w1", nil), *verifytest.SystemPod("b", "w2", nil), *verifytest.SystemPod("c", "w3", nil)}
		evidence, err := OnEach(t.Context(), pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
			switch pod.Name {
			case "a":
				return "well", nil
			case "b":
				return "", errors.New("sick")
			}
			<-ctx.Done()
			return "", ctx.Err()
		})
		verifytest.WantErr(t, err, "w2: b: sick\nw3: c: no answer within 8s")
		if diff := cmp.Diff(Evidence{"w1: well"}, evidence); diff != "" {
			t.Errorf("evidence (-want +got):\n%s", diff)
		}
	})
}
