package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

const groupScheduler = "scheduler"

const schedulerPort = 10259

func schedulerChecks() []Check {
	return []Check{
		{
			ID: "sched.leader", Group: groupScheduler, Title: "The schedulers are healthy and one of them leads",
			Proves: "Every scheduler's /healthz is asked, and one that runs on a control plane is seen to renew the lease of the leader. A single one that runs without leader election must be healthy; sched.place then proves that it works. A scheduler can run for days and lead nothing.",
			Hint:   "kubectl -n kube-system get lease kube-scheduler; kubectl -n kube-system logs -l component=kube-scheduler --tail=20",
			Needs:  []string{"kubelet.alive"},
			Rights: rightsOfElected,
			Skip:   hidden("kube-scheduler"), Timeout: 20 * time.Second,
			Run: elected("kube-scheduler", schedulerPort),
		},
		{
			ID: "sched.place", Group: groupScheduler, Title: "The scheduler assigns a new pod to a node",
			Proves:  "An unscheduled pod is assigned to a node, which is not a control plane if there are workers.",
			Hint:    "kubectl get events -A --field-selector reason=FailedScheduling; kubectl describe nodes",
			Needs:   []string{"api.ready", "sched.leader", "kcm.leader"},
			Rights:  rights(rightsOfScheduling, rightsOfNodes),
			Differs: "All nodes that take ordinary pods are cordoned. Taints that somebody has given to all of them are tolerated.",
			Slow:    true, Timeout: 18 * time.Second, Skip: onlyTaintedNode,
			Run: schedulerPlaces,
		},
	}
}

// rightsOfScheduling go with schedule.
var rightsOfScheduling = rights(RightsOfNamespace, []string{"create,list,watch pods"})

// keptAway is why no ordinary pod is given a node before there is a CNI.
const keptAway = "without a CNI no node is ready, and Kubernetes keeps pods away from all of them"

// onlyTaintedNode is the reason to skip what must run outside control planes.
// kind removes the taint of a cluster's only node.
func onlyTaintedNode(t *Target) string {
	if t.noNetwork != "" {
		return keptAway
	}
	if t.uninitialized {
		return awaitingCloud
	}
	if t.Expect.Workers == 0 && t.Expect.ControlPlanes > 1 && len(t.Expect.Untainted) == 0 {
		return "there are no workers, and control planes take no ordinary pods"
	}
	return ""
}

// schedulerPlaces wants a node for an ordinary pod. Whether the pod then runs
// is for the checks of the nodes and the network.
func schedulerPlaces(ctx context.Context, t *Target) (Evidence, error) {
	canary := neverStarted(t.probePod("placed", "", nil))
	if t.Expect.Workers > 0 {
		canary.Spec.Affinity = onControlPlanes(corev1.NodeSelectorOpDoesNotExist)
	}
	if err := t.reserved(ctx, canary); err != nil {
		return nil, err
	}
	var evidence Evidence
	return evidence, t.schedule(ctx, canary, func(pod *corev1.Pod) error {
		if pod.Spec.NodeName == "" {
			return fmt.Errorf("pod %s has no node: %s", pod.Name, whyUnscheduled(pod))
		}
		evidence = Evidence{fmt.Sprintf("%s gave %s to %s", pod.Spec.SchedulerName, pod.Name, pod.Spec.NodeName)}
		return nil
	})
}

// reserved has a pod tolerate the taints that somebody has given to all nodes which
// may take it. That all of them are cordoned is a difference.
func (t *Target) reserved(ctx context.Context, pod *corev1.Pod) error {
	nodes, err := t.nodes(ctx)
	if err != nil {
		return err
	}
	var tolerations []corev1.Toleration
	var cordoned []string
	eligible := 0
	for _, node := range nodes {
		if _, is := node.Labels[controlPlaneLabel]; is && t.Expect.Workers > 0 {
			continue
		}
		eligible++
		own := ownTaints(node)
		switch {
		case node.Spec.Unschedulable:
			cordoned = append(cordoned, node.Name)
		case len(own) == 0:
			return nil
		}
		tolerations = append(tolerations, own...)
	}
	if eligible > 0 && len(cordoned) == eligible {
		names := strings.Join(cordoned, " ")
		return Differs("cordoned", "kubectl uncordon "+names, fmt.Errorf("all nodes for ordinary pods are cordoned: %s", names))
	}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, tolerations...)
	return nil
}

// ownTaints are tolerations of what somebody has given to a node. What Kubernetes
// gives to nodes in trouble, and to control planes, is not tolerated.
func ownTaints(node corev1.Node) (tolerations []corev1.Toleration) {
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && taint.Key != controlPlaneLabel && !strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpExists, Effect: taint.Effect})
		}
	}
	return tolerations
}

// neverStarted has the kubelet wait for a ConfigMap that nobody makes: the pod
// gets its node, and costs nothing there.
func neverStarted(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "never", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "kindctl-never"}}}})
	probe := &pod.Spec.Containers[0]
	probe.VolumeMounts = append(probe.VolumeMounts, corev1.VolumeMount{Name: "never", MountPath: "/never"}) // nobody waits for a volume that no container uses
	return pod
}

// schedule creates a pod, if it is not there yet, and watches it.
func (t *Target) schedule(ctx context.Context, pod *corev1.Pod, until func(*corev1.Pod) error) error {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return err
	}
	pods := t.Kube.Clientset.CoreV1().Pods(namespace)
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create pod %s: %w", pod.Name, err)
	}
	return kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, kube.Named(pod.Name)), func(seen []*corev1.Pod) error {
		for _, candidate := range seen {
			if candidate.Name == pod.Name {
				return until(candidate)
			}
		}
		return errors.New("pod " + pod.Name + " is gone")
	})
}

// whyUnscheduled is the scheduler's own word, or that it has said nothing.
func whyUnscheduled(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return strings.TrimSpace(condition.Reason + " " + condition.Message)
		}
	}
	return "the scheduler has not looked at it"
}

// onControlPlanes requires that the control plane label exists, or does not, and
// that the node is none of some.
func onControlPlanes(operator corev1.NodeSelectorOperator, except ...string) *corev1.Affinity {
	term := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: controlPlaneLabel, Operator: operator}}}
	for _, name := range except {
		term.MatchFields = append(term.MatchFields, corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpNotIn, Values: []string{name}})
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{term},
	}}}
}
