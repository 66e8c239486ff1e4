package observe

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/timeline"
)

// notes are what is known so far. What was noted first stays.
type notes struct {
	cni       string
	connected time.Time // when there was a client first

	mu    sync.Mutex
	api   timeline.Moment
	nodes map[string]*timeline.NodeFacts
	pods  map[string]*timeline.PodFacts
}

// errMore keeps a watch going: more may come.
var errMore = errors.New("more may come")

// note keeps the first moment that is known.
func note(known *timeline.Moment, stamp, seen time.Time) {
	if known.IsZero() && !stamp.IsZero() {
		*known = timeline.Seen(stamp, seen)
	}
}

// live notes when the API server first worked.
func (n *notes) live(stamp time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	note(&n.api, stamp, n.connected)
}

// node returns what is known of a node, for the caller who holds the lock.
func (n *notes) node(name string) *timeline.NodeFacts {
	if n.nodes[name] == nil {
		n.nodes[name] = &timeline.NodeFacts{Name: name}
	}
	return n.nodes[name]
}

// addNodes notes what nodes show at a time.
func (n *notes) addNodes(seen []*corev1.Node, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, node := range seen {
		known := n.node(node.Name)
		known.Kubernetes = true
		note(&known.Registered, node.CreationTimestamp.Time, now)
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				note(&known.Ready, condition.LastTransitionTime.Time, now)
			}
		}
	}
	return errMore
}

// addPods notes what pods show at a time.
func (n *notes) addPods(seen []*corev1.Pod, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, pod := range seen {
		if pod.Spec.NodeName == "" {
			continue
		}
		known := n.pods[pod.Name]
		if known == nil {
			known = &timeline.PodFacts{Name: pod.Name, Node: pod.Spec.NodeName}
			known.Workload, known.Agent = workload(pod)
			n.pods[pod.Name] = known
		}
		note(&known.Scheduled, turned(pod, corev1.PodScheduled), now)
		note(&known.Started, running(pod), now)
		note(&known.Ready, turned(pod, corev1.PodReady), now)
	}
	return errMore
}

// turned is when a condition of a pod became true, or zero.
func turned(pod *corev1.Pod, kind corev1.PodConditionType) time.Time {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == kind && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// running is when the last of a pod's containers started, or zero when one does
// not run.
func running(pod *corev1.Pod) (last time.Time) {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil {
			return time.Time{}
		}
		if at := status.State.Running.StartedAt.Time; at.After(last) {
			last = at
		}
	}
	return last
}

// workload names what a pod belongs to. A static pod belongs to its node.
func workload(pod *corev1.Pod) (name string, agent bool) {
	owner := metav1.GetControllerOf(pod)
	switch {
	case owner == nil:
		return pod.Name, false
	case owner.Kind == "Node":
		return strings.TrimSuffix(pod.Name, "-"+owner.Name), false
	case owner.Kind == "ReplicaSet": // a Deployment's has a hash behind its name
		return strings.TrimSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"]), false
	}
	return owner.Name, owner.Kind == "DaemonSet"
}

// facts is a copy of what is known.
func (n *notes) facts(asked time.Time) timeline.Facts {
	n.mu.Lock()
	defer n.mu.Unlock()
	facts := timeline.Facts{CNI: n.cni, Asked: asked, API: n.api}
	for _, name := range slices.Sorted(maps.Keys(n.nodes)) {
		facts.Nodes = append(facts.Nodes, *n.nodes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(n.pods)) {
		facts.Pods = append(facts.Pods, *n.pods[name])
	}
	return facts
}
