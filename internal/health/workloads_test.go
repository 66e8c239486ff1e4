package health

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
)

func daemonSet(name string, ready, desired int32) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name},
		Status:     appsv1.DaemonSetStatus{NumberReady: ready, DesiredNumberScheduled: desired},
	}
}

func deployment(name string, available int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To[int32](1)},
		Status:     appsv1.DeploymentStatus{AvailableReplicas: available},
	}
}

// TestOthersAreNotWaitedFor has users run what is never ready in kube-system.
func TestOthersAreNotWaitedFor(t *testing.T) {
	kwok := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "kwok-0", Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}}}
	client := &kube.Client{Clientset: fake.NewClientset(kwok, daemonSet("calico-node", 2, 3), daemonSet("gpu-agent", 0, 0), daemonSet("windows-agent", 0, 2),
		deployment("coredns", 1), deployment("calico-kube-controllers", 1), deployment("meter", 0))}
	w := Waiter{Client: client, Timeout: 5 * time.Second, Only: SystemWorkloads("calico", func(string) []string { return []string{"calico-node", "calico-kube-controllers"} })}
	if _, err := w.Workloads(t.Context(), event.Start(event.Discard, event.Event{}), nil); err != nil {
		t.Fatal(err)
	}
	var warned []string
	w.WarnOfOthers(t.Context(), event.Func(func(e event.Event) { warned = append(warned, e.Message) }), "workloads")
	if diff := cmp.Diff([]string{"not waited for in kube-system: meter: 0 of 1 available; windows-agent: 0 of 2 ready"}, warned); diff != "" {
		t.Error(diff)
	}
	w.Timeout, w.Only = 50*time.Millisecond, nil
	if _, err := w.Workloads(t.Context(), event.Start(event.Discard, event.Event{}), nil); err == nil || !strings.Contains(err.Error(), "gpu-agent") {
		t.Errorf("a cluster that was just made: %v", err)
	}
}

func TestSystemPods(t *testing.T) {
	pod := func(name, kind, owner, component, node string) *corev1.Pod {
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"component": component}},
			Spec:       corev1.PodSpec{NodeName: node},
		}
		if kind != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: new(true)}}
		}
		return p
	}
	w := Waiter{Only: SystemWorkloads("calico", func(string) []string { return []string{"calico-node"} })}
	var names []string
	for _, p := range w.pods([]*corev1.Pod{
		pod("dns", "ReplicaSet", "coredns-abc", "", "w1"), pod("agent", "DaemonSet", "calico-node", "", "w1"), pod("etcd-cp", "Node", "cp", "etcd", "cp"),
		pod("mine", "Node", "cp", "", "cp"), pod("meter", "ReplicaSet", "meter-abc", "", "w1"), pod("bare", "", "", "", "w1"), pod("job", "Job", "coredns", "", "w1"),
		pod("far", "DaemonSet", "calico-node", "", "kwok-0"),
	}, []string{"kwok-0"}) {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"dns", "agent", "etcd-cp"}, names); diff != "" {
		t.Error(diff)
	}
}
