package health

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// start is when the nodes of these tests were started; before and after surround it.
var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	before = metav1.NewTime(start.Add(-time.Minute))
	after  = metav1.NewTime(start.Truncate(time.Second)) // Kubernetes writes whole seconds
)

// since are the times at which nodes were started, as Kubernetes writes times.
func since() map[string]time.Time {
	return map[string]time.Time{"a": start.Truncate(time.Second), "b": start.Truncate(time.Second)}
}

func TestReportedSince(t *testing.T) {
	heard := func(name string, at metav1.Time) *corev1.Node {
		n := node(name, corev1.ConditionTrue, "")
		n.Status.Conditions[0].LastHeartbeatTime = at
		return n
	}
	if err := reportedSince([]*corev1.Node{heard("a", after), heard("b", after)}, since()); err != nil {
		t.Errorf("nodes that have reported are waited for: %v", err)
	}
	err := reportedSince([]*corev1.Node{heard("b", before), heard("a", before)}, since())
	if err == nil || err.Error() != "not heard of since the start: a, b" {
		t.Errorf("reports of before the start give %v", err)
	}
}

func TestRunningPods(t *testing.T) {
	pod := func(name string, started metav1.Time, change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: "a"}, Status: corev1.PodStatus{
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}}},
		}}
		if change != nil {
			change(p)
		}
		return p
	}
	unready := func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
	waiting := func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = corev1.ContainerState{} }
	failed := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed; unready(p) }
	leaving := func(p *corev1.Pod) { p.DeletionTimestamp = &after; unready(p) }
	elsewhere := func(p *corev1.Pod) { p.Spec.NodeName = "another" } // of which no start is known
	good := []*corev1.Pod{pod("new", after, nil), pod("failed", before, failed), pod("leaving", before, leaving), pod("elsewhere", before, elsewhere)}
	if err := running(good, since()); err != nil {
		t.Errorf("pods that run are waited for: %v", err)
	}
	bad := append(slices.Clone(good), pod("stale", before, nil), pod("unready", after, unready), pod("waiting", after, waiting))
	if err := running(bad, since()); err == nil || err.Error() != "stale; unready; waiting" {
		t.Errorf("waited for are %v", err)
	}
	if err := running(nil, since()); err == nil {
		t.Error("no pod at all counts as all of them")
	}
}
