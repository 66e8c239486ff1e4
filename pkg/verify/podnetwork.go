package verify

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// NoNetwork is why nothing is sent between pods, or "".
func (t *Target) NoNetwork() string { return t.noNetwork }

// WithoutCNI is the reason to skip what needs a pod network; see
// withoutNetwork.
func WithoutCNI(t *Target) string { return t.NoNetwork() }

// withoutNetwork says that no node has a pod network, or "". That the cluster has
// none of the CNIs that kindctl knows does not say it: it may have another one. A
// node that lacks a network among others that have it is a fault.
func (t *Target) withoutNetwork(nodes []corev1.Node) string {
	if t.Expect.CNI != NoCNI || slices.ContainsFunc(nodes, func(node corev1.Node) bool { return !LacksNetwork(node) }) {
		return ""
	}
	return "no node has a pod network: no CNI is set up"
}

// AwaitsCNI reports whether the cluster was made without a CNI, and has none yet.
func (t *Target) AwaitsCNI() bool { return t.NoNetwork() != "" && !t.Expect.Discovered }

// LacksNetwork reports whether a node's container runtime says that no CNI is set
// up. The kubelet passes that on in its condition, in the words of the CRI.
func LacksNetwork(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionFalse {
			return strings.Contains(condition.Message, "NetworkPluginNotReady") || strings.Contains(condition.Message, "cni plugin not initialized")
		}
	}
	return false
}
