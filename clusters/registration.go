package clusters

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// ControlPlaneTaint keeps ordinary pods from control planes. kubeadm gives it
// to them, and no longer when it is told of others.
var ControlPlaneTaint = corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}

// registration are the patches with which a node registers: its taints, and
// what its kubelet must leave alone because the node may not use it. kubeadm
// takes no other settings of a kubelet's from a node that joins.
func registration(node Node, settings NodeSettings) (patches []string) {
	own := map[string]any{}
	if taints := node.taints(); len(taints) > 0 {
		if node.Role == ControlPlane {
			taints = append([]corev1.Taint{ControlPlaneTaint}, taints...)
		}
		own["taints"] = taints
	}
	if reserved := reserved(node, settings); reserved != "" {
		own["kubeletExtraArgs"] = map[string]string{"system-reserved": reserved}
	}
	if len(own) == 0 {
		return nil
	}
	for _, kind := range []string{"InitConfiguration", "JoinConfiguration"} { // one of which each node uses
		patch, err := yaml.Marshal(map[string]any{"kind": kind, "nodeRegistration": own})
		if err != nil {
			panic(err) // strings and numbers: cannot fail
		}
		patches = append(patches, string(patch))
	}
	return patches
}

// reserved is the part of the machine that the node may not use, so that what
// is left for pods is what the node has.
func reserved(node Node, settings NodeSettings) string {
	var parts []string
	if limit, limited := node.CPULimit(); limited && settings.CPUs > 0 {
		parts = append(parts, fmt.Sprintf("cpu=%dm", int64(settings.CPUs)*1000-limit.MilliValue()))
	}
	if limit, limited := node.MemoryLimit(); limited && settings.MemoryBytes > 0 {
		parts = append(parts, fmt.Sprintf("memory=%d", settings.MemoryBytes-limit.Value()))
	}
	return strings.Join(parts, ",")
}

// CPULimit is how much of the machine's processors the node may use, and
// whether there is a limit.
func (g Group) CPULimit() (resource.Quantity, bool) { return quantity(g.CPUs) }

// MemoryLimit is how much memory the node may use, and whether there is a limit.
func (g Group) MemoryLimit() (resource.Quantity, bool) { return quantity(g.Memory) }

// quantity reads what Validate has found to be one.
func quantity(text string) (resource.Quantity, bool) {
	q, err := resource.ParseQuantity(text)
	return q, err == nil && text != ""
}

// taints are those of the configuration, which Validate has found to be some.
func (g Group) taints() (taints []corev1.Taint) {
	for _, text := range g.Taints {
		if taint, err := parseTaint(text); err == nil {
			taints = append(taints, taint)
		}
	}
	return taints
}
