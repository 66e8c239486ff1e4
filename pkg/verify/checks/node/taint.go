package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// taintDoesNotApply is the reason to skip node.taint.
func taintDoesNotApply(t *verify.Target) string {
	switch {
	case t.NoNetwork() != "":
		return verify.NoNodeReady
	case t.AwaitsCloud() != "":
		return t.AwaitsCloud()
	case t.Expect.Nodes() == 1:
		return "kind removes the taint of a cluster's only node"
	case t.Expect.ControlPlanes == 0:
		return "no node is a control plane"
	}
	return ""
}

// taintKeepsAway reads the taint on every control plane, and then sees it
// work: of two pods that must run on a control plane, the one that does not
// tolerate the taint stays without a node, and the other gets one.
func taintKeepsAway(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	evidence, err := controlPlanesTainted(ctx, t)
	if err != nil {
		return evidence, err
	}
	others, err := otherTaints(ctx, t)
	if err != nil {
		return evidence, err
	}
	tolerant := probe.NeverStarted(probe.Of(t).Pod("tolerant", "", nil))
	tolerant.Spec.Affinity = probe.OnControlPlanes(corev1.NodeSelectorOpExists, t.Expect.Untainted...)
	tolerant.Spec.Tolerations = append(
		slices.Clone(others),
		corev1.Toleration{Key: verify.ControlPlaneLabel, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	)
	if err := probe.Of(t).Schedule(ctx, tolerant, func(pod *corev1.Pod) error {
		if pod.Spec.NodeName == "" {
			return fmt.Errorf("a pod that tolerates the taint has no node: %s", probe.WhyUnscheduled(pod))
		}
		evidence = append(evidence, "a pod that tolerates it was given to "+pod.Spec.NodeName)
		return nil
	}); err != nil {
		return evidence, err
	}
	ordinary := probe.Of(t).Pod("intolerant", "", nil)
	ordinary.Spec.Affinity = probe.OnControlPlanes(corev1.NodeSelectorOpExists, t.Expect.Untainted...)
	ordinary.Spec.Tolerations = others
	landed := ""
	err = probe.Of(t).Schedule(ctx, ordinary, func(pod *corev1.Pod) error {
		if landed = pod.Spec.NodeName; landed != "" {
			return nil
		}
		reason := probe.WhyUnscheduled(pod)
		if !strings.Contains(reason, corev1.PodReasonUnschedulable) || !strings.Contains(reason, "taint") {
			return errors.New("a pod that does not tolerate the taint has no node, but not for the taint: " + reason)
		}
		evidence = append(evidence, "one that does not waits: "+reason)
		return nil
	})
	if landed != "" {
		return evidence, verify.Final(verify.AboutNode(landed, fmt.Errorf("a pod that does not tolerate the taint was given to %s", landed)))
	}
	return evidence, err
}

// otherTaints tolerates what else someone has given to control planes, so that
// it keeps no pod away. What Kubernetes gives to nodes in trouble does.
func otherTaints(ctx context.Context, t *verify.Target) (others []corev1.Toleration, err error) {
	nodes, err := t.Nodes(ctx)
	for _, node := range nodes {
		if _, is := node.Labels[verify.ControlPlaneLabel]; !is {
			continue
		}
		for _, taint := range node.Spec.Taints {
			if taint.Key != verify.ControlPlaneLabel && !strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
				others = append(others, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpExists, Effect: taint.Effect})
			}
		}
	}
	return slices.Clip(others), err
}

// controlPlanesTainted wants the taint on every control plane.
func controlPlanesTainted(ctx context.Context, t *verify.Target) (evidence verify.Evidence, err error) {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var bare []error
	untainted := 0
	for _, node := range nodes {
		if _, is := node.Labels[verify.ControlPlaneLabel]; !is {
			continue
		}
		if slices.Contains(t.Expect.Untainted, node.Name) {
			untainted++
			evidence = append(evidence, node.Name+" takes ordinary pods, as the configuration asks for")
			continue
		}
		if tainted(node) {
			evidence = append(evidence, node.Name+" carries "+verify.ControlPlaneLabel+":NoSchedule")
		} else {
			bare = append(bare, verify.Differs("missing."+node.Name,
				"kubectl taint nodes "+node.Name+" "+verify.ControlPlaneLabel+"=:NoSchedule --overwrite",
				verify.OnNode(node.Name, fmt.Errorf("the taint %s:NoSchedule is missing, so that ordinary pods come to the node", verify.ControlPlaneLabel))))
		}
	}
	if untainted > 0 && untainted == t.Expect.ControlPlanes {
		return nil, verify.Inapplicable("the control planes take ordinary pods, as the configuration asks for")
	}
	if len(bare) > 0 && t.Expect.Discovered && len(evidence) == 0 {
		return nil, verify.Inapplicable("no control plane of this cluster carries the taint")
	}
	if len(bare) > 0 {
		return evidence, errors.Join(bare...)
	}
	return evidence, verify.Exactly(len(evidence), t.Expect.ControlPlanes, "tainted control planes")
}

func tainted(node corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == verify.ControlPlaneLabel && taint.Effect == corev1.TaintEffectNoSchedule {
			return true
		}
	}
	return false
}
