package verify

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// withoutCNI is the reason to skip what needs a pod network; see
// lookForNetwork.
func withoutCNI(t *Target) string { return t.noNetwork }

// lookForNetwork notes when no node has a pod network. That the cluster has none
// of the CNIs that kindctl knows does not tell: it may have another one. A node
// that lacks a network among others that have it is a fault.
func (t *Target) lookForNetwork(ctx context.Context) {
	t.noNetwork = ""
	if t.Expect.CNI != unknownCNI {
		return
	}
	nodes, err := t.nodes(ctx)
	if err != nil {
		return // the checks meet the same and say so
	}
	for _, node := range nodes {
		if !lacksNetwork(node) {
			return
		}
	}
	t.noNetwork = "no node has a pod network: no CNI is set up"
}

// awaitsCNI tells whether the cluster was made without a CNI, and has none yet.
func (t *Target) awaitsCNI() bool { return t.noNetwork != "" && !t.Expect.Discovered }

// lacksNetwork tells whether a node's container runtime says that no CNI is set
// up. The kubelet passes that on in its condition, in the words of the CRI.
func lacksNetwork(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionFalse {
			return strings.Contains(condition.Message, "NetworkPluginNotReady") || strings.Contains(condition.Message, "cni plugin not initialized")
		}
	}
	return false
}
