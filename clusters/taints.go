package clusters

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// Untainted are the control planes whose taints a patch sets without their own, so
// that they take ordinary pods.
func (t Topology) Untainted() (names []string) {
	if t.Raw == nil {
		return nil
	}
	for _, node := range t.Each() {
		if node.Role == ControlPlane && !slices.ContainsFunc(t.registered(node), isControlPlaneTaint) {
			names = append(names, node.Name)
		}
	}
	return names
}

func isControlPlaneTaint(taint corev1.Taint) bool { return taint.MatchTaint(&ControlPlaneTaint) }

// taintsOf are the taints of a node, once it is there: kind takes their own from
// control planes where there is but one node.
func (t Topology) taintsOf(node Node) []corev1.Taint {
	taints := t.registered(node)
	if t.Nodes() == 1 {
		return slices.DeleteFunc(taints, isControlPlaneTaint)
	}
	return taints
}

// registered are the taints that kubeadm and the kubelet give to a node.
func (t Topology) registered(node Node) (taints []corev1.Taint) {
	kind := kindpatch.JoinConfiguration
	if node.isFirst() {
		kind = kindpatch.InitConfiguration
	}
	documents := renderer{Topology: t}.rendered(node).documents
	registration, _ := documents[kind]["nodeRegistration"].(map[string]any)
	switch list, set := registration["taints"]; {
	case set:
		data, err := json.Marshal(list)
		if err == nil {
			err = json.Unmarshal(data, &taints)
		}
		if err != nil {
			return nil // Validate refuses it
		}
	case node.Role == ControlPlane:
		taints = append(taints, ControlPlaneTaint)
	}
	for text := range strings.SplitSeq(kindpatch.Argument(registration, "register-with-taints"), ",") {
		if taint, err := parseTaint(text); err == nil &&
			!slices.ContainsFunc(taints, func(other corev1.Taint) bool { return taint.MatchTaint(&other) }) {
			taints = append(taints, taint)
		}
	}
	return taints
}
