package observe

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/timeline"
	"github.com/kindctl/kindctl/pkg/event"
)

// whole is a time as Kubernetes writes it.
func whole(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

// TestObserver lets a node and a pod get ready while they are observed, where
// Docker does not answer.
func TestObserver(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no-docker.sock"))
	ctx := t.Context()
	long := whole(time.Now().Add(-time.Minute))
	controller := true
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", CreationTimestamp: long}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       "kube-system",
			Name:            "cilium-x",
			OwnerReferences: []metav1.OwnerReference{{Kind: "DaemonSet", Name: "cilium", Controller: &controller}},
		},
		Spec: corev1.PodSpec{NodeName: "a"},
		Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: long}},
		},
	}
	clientset := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", CreationTimestamp: long}}, node, pod)
	var warnings event.Recorder
	o := New(&provider.Connection{}, "lab", "cilium", &warnings)
	o.Watch(t.Context(), &kube.Client{Clientset: clientset})
	o.Watch(t.Context(), nil) // a second client is not looked at

	changed := time.Now()
	node = node.DeepCopy()
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: whole(changed)}}
	if _, err := clientset.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod = pod.DeepCopy()
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: long}}},
		{},
	}
	if _, err := clientset.CoreV1().Pods("kube-system").UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	facts := o.Facts(ctx)

	if len(facts.Nodes) != 1 || len(facts.Pods) != 1 {
		t.Fatalf("the facts are %+v, want those of a node and a pod", facts)
	}
	a := facts.Nodes[0]
	if !a.Kubernetes || !a.Registered.Coarse || !a.Registered.Equal(long.Time) {
		t.Errorf("node a: %+v, want it registered at %v, coarse", a, long)
	}
	if a.Ready.Before(changed.Truncate(time.Second)) || a.Ready.After(changed.Add(time.Second)) {
		t.Errorf("node a is ready at %v, want %v", a.Ready, changed)
	}
	x := facts.Pods[0]
	if !x.Agent || x.Workload != "cilium" || !x.Scheduled.Equal(long.Time) || !x.Started.IsZero() || !x.Ready.IsZero() {
		t.Errorf("pod: %+v, want an agent of cilium that is scheduled and half started", x)
	}
	if !facts.API.Equal(long.Time) || !facts.API.Coarse {
		t.Errorf("the API is live at %v, want %v", facts.API, long)
	}
	if got := warnings.Events(); len(got) != 1 || got[0].Kind != event.Warning {
		t.Errorf("the sink has %+v, want one warning: Docker does not answer", got)
	}
	if again := o.Facts(ctx); len(again.Nodes) != 1 || len(warnings.Events()) != 1 {
		t.Error("the second call has asked again")
	}
}

func TestObserverAfterAnInterrupt(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	var warnings event.Recorder
	o := New(&provider.Connection{}, "lab", "cilium", &warnings)
	o.Watch(t.Context(), &kube.Client{Clientset: fake.NewClientset()})
	if facts := o.Facts(interrupted); len(facts.Nodes) > 0 || len(warnings.Events()) > 0 {
		t.Errorf("facts %+v and events %v, want nothing: the cluster is gone", facts, warnings.Events())
	}
}

func TestWorkload(t *testing.T) {
	controller := true
	pod := func(name, kind, owner string, labels map[string]string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name:            name,
				Labels:          labels,
				OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: &controller}},
			},
		}
	}
	for _, tt := range []struct {
		pod   *corev1.Pod
		want  string
		agent bool
	}{
		{pod("calico-node-abcde", "DaemonSet", "calico-node", nil), "calico-node", true},
		{pod("coredns-1f-abcde", "ReplicaSet", "coredns-1f", map[string]string{"pod-template-hash": "1f"}), "coredns", false},
		{pod("etcd-lab-control-plane", "Node", "lab-control-plane", nil), "etcd", false},
		{&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "alone"}}, "alone", false},
	} {
		if name, agent := workload(tt.pod); name != tt.want || agent != tt.agent {
			t.Errorf("%s: %s, %v; want %s, %v", tt.pod.Name, name, agent, tt.want, tt.agent)
		}
	}
}

func TestRunning(t *testing.T) {
	early, late := whole(time.Unix(100, 0)), whole(time.Unix(200, 0))
	runs := func(at metav1.Time) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}}
	}
	for name, tt := range map[string]struct {
		statuses []corev1.ContainerStatus
		want     time.Time
	}{
		"the last counts": {[]corev1.ContainerStatus{runs(late), runs(early)}, late.Time},
		"one waits":       {[]corev1.ContainerStatus{runs(late), {}}, time.Time{}},
		"none is known":   {nil, time.Time{}},
	} {
		if got := running(&corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: tt.statuses}}); !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	var known timeline.Moment
	note(&known, early.Time, late.Time)
	note(&known, late.Time, late.Time)
	if !known.Equal(early.Time) {
		t.Errorf("the later time replaced the first: %v", known)
	}
}
