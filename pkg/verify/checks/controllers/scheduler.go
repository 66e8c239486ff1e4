package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const groupScheduler = "scheduler"

const schedulerPort = 10259

// Checks returns the checks of the scheduler and the controller manager.
func Checks() []verify.Check {
	return slices.Concat(schedulerChecks(), controllerChecks(), sliceChecks())
}

func schedulerChecks() []verify.Check {
	return []verify.Check{
		leaderCheck("sched.leader", groupScheduler, "scheduler", "kube-scheduler", schedulerPort,
			"sched.place then proves that it works. A scheduler can run for days without ever becoming the leader."),
		{
			ID: "sched.place", Group: groupScheduler, Title: "The scheduler assigns a new pod to a node",
			Proves:  "A pending pod must be assigned to a node, and not to a control plane if there are workers.",
			Hint:    "kubectl get events -A --field-selector reason=FailedScheduling; kubectl describe nodes",
			Needs:   []string{"api.ready", "sched.leader", "kcm.leader"},
			Rights:  verify.JoinRights(probe.RightsOfScheduling, verify.RightsOfNodes),
			Differs: "All nodes that accept ordinary pods are cordoned. Taints that were added to all of them are tolerated.",
			Slow:    true, Timeout: 18 * time.Second, Skip: onlyTaintedNode,
			Run: schedulerPlaces,
		},
	}
}

// onlyTaintedNode is the reason to skip what must run outside control planes.
// kind removes the taint of a cluster's only node.
func onlyTaintedNode(t *verify.Target) string {
	if t.NoNetwork() != "" {
		return verify.NoNodeReady
	}
	if t.AwaitsCloud() != "" {
		return t.AwaitsCloud()
	}
	if t.Expect.Workers == 0 && t.Expect.ControlPlanes > 1 && len(t.Expect.Untainted) == 0 {
		return "there are no workers, and control planes take no ordinary pods"
	}
	return ""
}

// schedulerPlaces wants a node for an ordinary pod. Whether the pod then runs
// is for the checks of the nodes and the network.
func schedulerPlaces(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	canary := probe.NeverStarted(probe.Of(t).Pod("placed", "", nil))
	if t.Expect.Workers > 0 {
		canary.Spec.Affinity = probe.OnControlPlanes(corev1.NodeSelectorOpDoesNotExist)
	}
	if err := reserved(ctx, t, canary); err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	return evidence, probe.Of(t).Schedule(ctx, canary, func(pod *corev1.Pod) error {
		if pod.Spec.NodeName == "" {
			return fmt.Errorf("pod %s has no node: %s", pod.Name, probe.WhyUnscheduled(pod))
		}
		evidence = verify.Evidence{fmt.Sprintf("%s assigned pod %s to %s", pod.Spec.SchedulerName, pod.Name, pod.Spec.NodeName)}
		return nil
	})
}

// reserved has a pod tolerate the taints that someone has given to all nodes which
// may take it. That all of them are cordoned is a difference.
func reserved(ctx context.Context, t *verify.Target, pod *corev1.Pod) error {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return err
	}
	var tolerations []corev1.Toleration
	var cordoned []string
	eligible := 0
	for _, node := range nodes {
		if _, is := node.Labels[verify.ControlPlaneLabel]; is && t.Expect.Workers > 0 {
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
		return verify.Differs("cordoned", "kubectl uncordon "+names, fmt.Errorf("all nodes for ordinary pods are cordoned: %s", names))
	}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, tolerations...)
	return nil
}

// ownTaints are tolerations of what someone has given to a node. What Kubernetes
// gives to nodes in trouble, and to control planes, is not tolerated.
func ownTaints(node corev1.Node) (tolerations []corev1.Toleration) {
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && taint.Key != verify.ControlPlaneLabel &&
			!strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpExists, Effect: taint.Effect})
		}
	}
	return tolerations
}
