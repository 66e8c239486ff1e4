// Package targettest makes targets on a fake cluster, for the tests of probes and checks.
package targettest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// OtherClock is the time of a cluster whose clock is years away from ours.
var OtherClock = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// New is a target with these pods and objects.
func New(expect verify.Expectation, pods verifytest.Pods, objects ...runtime.Object) *verify.Target {
	client := &kube.Client{Clientset: fake.NewClientset(objects...)}
	t := verify.NewTarget(client, expect)
	t.Pods = pods
	return t
}

// ThreeNodes is what kindctl makes by default.
var ThreeNodes = verify.Expectation{ControlPlanes: 1, Workers: 2, EtcdMembers: 1, ProxyMode: "iptables"}

// Stamped gives new namespaces a creation time and their ServiceAccount,
// as an API server and a controller manager with a clock of their own do.
func Stamped(now time.Time, objects ...runtime.Object) *verify.Target {
	t := New(ThreeNodes, verifytest.Pods{}, objects...)
	client := t.Kube.Clientset.(*fake.Clientset)
	client.PrependReactor("create", "namespaces", func(action clienttesting.Action) (bool, runtime.Object, error) {
		namespace := action.(clienttesting.CreateAction).GetObject().(*corev1.Namespace)
		namespace.CreationTimestamp = metav1.NewTime(now)
		return false, nil, client.Tracker().Add(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "default"}})
	})
	return t
}

// Networked is a target of two nodes whose pods get 10.0.0.1 and so on.
func Networked(net func(pod string, query url.Values) (Reply, error)) (target *verify.Target, names map[string]string) {
	return NetworkedOn(2, net)
}

// NetworkedOn is Networked for more nodes.
func NetworkedOn(nodes int, net func(pod string, query url.Values) (Reply, error)) (target *verify.Target, names map[string]string) {
	var workers []runtime.Object
	for i := range nodes {
		workers = append(workers, verifytest.ReadyNode(fmt.Sprintf("w%d", i+1)))
	}
	target = Stamped(OtherClock, workers...)
	names = map[string]string{}
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Namespace = action.GetNamespace()
		address := fmt.Sprintf("10.0.0.%d", len(names)+1)
		names[address] = pod.Name
		pod.Status = corev1.PodStatus{
			Phase:      corev1.PodRunning,
			PodIP:      address,
			Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}},
		}
		return false, nil, nil
	})
	target.Pods = Dialed(net)
	return target, names
}

// Dialed lets probes answer for what they dial: net says what becomes of a
// dial from a pod to HOST:PORT.
func Dialed(net func(pod string, query url.Values) (Reply, error)) verifytest.Pods {
	return verifytest.Pods{OnGet: func(pod string, _ int, path string) (int, []byte, error) {
		parsed, err := url.Parse(path)
		if err != nil {
			return 0, nil, err
		}
		r, err := net(pod, parsed.Query())
		if err != nil {
			return 0, nil, err
		}
		body, err := json.Marshal(r)
		return 200, body, err
	}}
}

// Reply is what a dial from one pod to an address brought.
type Reply struct {
	Responses []string `json:"responses,omitempty"`
	Errors    []string `json:"errors,omitempty"`
}

// AllotServices gives new Services an address, as an API server does.
func AllotServices(target *verify.Target, address string) {
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "services", func(action clienttesting.Action) (bool, runtime.Object, error) {
		service := action.(clienttesting.CreateAction).GetObject().(*corev1.Service)
		if service.Spec.ClusterIP == "" {
			service.Spec.ClusterIP = address
		}
		return false, nil, nil
	})
}

// RunNamespace is the namespace of a run.
func RunNamespace(run string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kindctl-verify-" + run, Labels: map[string]string{verify.RunLabel: run}}}
}

// Scheduler answers for a scheduler: it gives each new pod what place says, a
// node or else a reason.
func Scheduler(target *verify.Target, place func(*corev1.Pod) (node, reason string)) {
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		node, reason := place(pod)
		pod.Spec.NodeName = node
		if reason != "" {
			pod.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: reason},
			}
		}
		return false, nil, nil
	})
}

// FindingsByNode are the findings of an error, joined by node.
func FindingsByNode(err error) map[string]error {
	found := map[string]error{}
	for _, finding := range verify.Findings(err) {
		found[finding.Node] = errors.Join(found[finding.Node], finding.Err)
	}
	return found
}
