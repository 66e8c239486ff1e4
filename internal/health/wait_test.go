package health

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// kubeletMessage is what a kubelet says while it waits for a CNI.
const kubeletMessage = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

func node(name string, status corev1.ConditionStatus, message string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, Message: message}}}}
}

func TestAllReady(t *testing.T) {
	ready, waiting := node("a", corev1.ConditionTrue, "fine"), node("b", corev1.ConditionFalse, kubeletMessage)
	tests := []struct {
		name  string
		nodes []*corev1.Node
		want  string
	}{
		{"all", []*corev1.Node{ready, ready}, ""},
		{"one waits", []*corev1.Node{waiting, ready}, "1 of 2 nodes are ready; not yet b (CNI not initialized)"},
		{"one is missing", []*corev1.Node{ready}, "1 of 2 nodes are ready; not yet 1 not registered"},
		{"none", nil, "0 of 2 nodes are ready; not yet 2 not registered"},
		{"young", []*corev1.Node{ready, {ObjectMeta: metav1.ObjectMeta{Name: "c"}}}, "1 of 2 nodes are ready; not yet c (the kubelet has not reported)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := allReady(tt.nodes, 2); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWorkloads(t *testing.T) {
	two := int32(2)
	young := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "young", Generation: 2},
		Status: appsv1.DaemonSetStatus{ObservedGeneration: 1, NumberReady: 3, DesiredNumberScheduled: 3}}
	good := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "good"},
		Status:     appsv1.DaemonSetStatus{NumberReady: 3, DesiredNumberScheduled: 3},
	}
	dns := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "coredns"},
		Spec:       appsv1.DeploymentSpec{Replicas: &two},
		Status:     appsv1.DeploymentStatus{AvailableReplicas: 1},
	}
	if err := rolledOut([]*appsv1.DaemonSet{good}, 0); err != nil {
		t.Errorf("a finished rollout is not seen: %v", err)
	}
	if err := rolledOut([]*appsv1.DaemonSet{good, young}, 0); err == nil || !strings.Contains(err.Error(), "young") {
		t.Errorf("an update that no one has observed yet counts as done: %v", err)
	}
	if err := rolledOut(nil, 0); err == nil {
		t.Error("no DaemonSet at all counts as done")
	}
	if err := available([]*appsv1.Deployment{dns}); err == nil || err.Error() != "coredns: 1 of 2 available" {
		t.Errorf("one CoreDNS of two gives %v", err)
	}
}

// TestWaitTellsWhatIsNotReady lets a wait run into its limit and wants the
// cause that Kubernetes knows, not only a count.
func TestWaitTellsWhatIsNotReady(t *testing.T) {
	pod := func(name string, status corev1.PodStatus) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system"}, Spec: corev1.PodSpec{NodeName: "lab-worker"}, Status: status}
	}
	waiting := func(reason, message string) corev1.PodStatus {
		return corev1.PodStatus{
			ContainerStatuses: []corev1.ContainerStatus{
				{Name: "agent", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}},
			},
		}
	}
	warning := func(pod, message string, minute int) *corev1.Event {
		return &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: message, Namespace: "kube-system"},
			Type:           corev1.EventTypeWarning,
			Reason:         "FailedMount",
			Message:        message,
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: pod},
			LastTimestamp:  metav1.NewTime(time.Unix(int64(60*minute), 0)),
		}
	}
	unschedulable := pod(
		"lost",
		corev1.PodStatus{
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/3 nodes are available"}},
		},
	)
	unschedulable.Spec.NodeName = ""
	client := fake.NewClientset(
		pod("cilium", waiting("CrashLoopBackOff", "back-off 10s")),
		pod("calico", waiting("ContainerCreating", "")), warning("calico", "later", 5), warning("calico", "earlier", 4),
		pod("well", corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}),
		unschedulable,
	)
	w := Waiter{Client: &kube.Client{Clientset: client}, Timeout: 20 * time.Millisecond}
	_, err := w.Workloads(t.Context(), event.Start(event.Discard, event.Event{}), nil)
	if hint.CodeOf(err) != hint.Timeout || hint.ReasonOf(err) != "WORKLOADS_NOT_READY" {
		t.Fatalf("error is %v, want a timeout", err)
	}
	_, causes, _ := strings.Cut(err.Error(), "\n")
	want := "pod calico on lab-worker: FailedMount: later\npod cilium on lab-worker: container agent: CrashLoopBackOff: back-off 10s\npod lost on no node: 0/3 nodes are available"
	if diff := cmp.Diff(want, causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

func TestProxies(t *testing.T) {
	proxy := func(wanted, ready int32) *appsv1.DaemonSet {
		return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "kube-proxy", Namespace: "kube-system"},
			Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: wanted, NumberReady: ready}}
	}
	other := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: "kube-system"},
		Status:     appsv1.DaemonSetStatus{DesiredNumberScheduled: 2},
	}
	for name, test := range map[string]struct {
		agents []runtime.Object
		want   string
	}{
		"ready on both, beside others that are not": {[]runtime.Object{proxy(2, 2), other}, ""},
		"not ready on one":                          {[]runtime.Object{proxy(2, 1)}, "kube-proxy: 1 of 2 ready"},
		"one node not counted yet":                  {[]runtime.Object{proxy(1, 1)}, "wanted on 1 of 2 nodes"},
		"removed":                                   {[]runtime.Object{other}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := Waiter{Client: &kube.Client{Clientset: fake.NewClientset(test.agents...)}, Timeout: 20 * time.Millisecond}
			_, err := w.Proxies(t.Context(), event.Start(event.Discard, event.Event{}), 2)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

// TestWaitIsInterruptible wants an interrupt to stay an interrupt.
func TestWaitIsInterruptible(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := Waiter{Client: &kube.Client{Clientset: fake.NewClientset()}, Timeout: time.Minute}
	if err := w.Nodes(ctx, event.Start(event.Discard, event.Event{}), 1); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("error is %v, want an interrupt", err)
	}
}
