package clusters

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindctl/kindctl/pkg/hint"
)

var (
	roles        = []string{ControlPlane, Worker}
	protocols    = []string{"TCP", "UDP", "SCTP"}
	propagations = []string{"None", "HostToContainer", "Bidirectional"}
	effects      = []string{
		string(corev1.TaintEffectNoSchedule),
		string(corev1.TaintEffectPreferNoSchedule),
		string(corev1.TaintEffectNoExecute),
	}
)

// occupied are the folders of a node that kind mounts itself (kind v0.33.0,
// pkg/cluster/internal/providers/docker/provision.go), and its root.
var occupied = []string{"/", "/tmp", "/run", "/var", modules}

// modules are the kernel's, which kind shows to every node, read-only.
const modules = "/lib/modules"

// validateGroups looks at each group by itself.
func (v validator) validateGroups() {
	for i, g := range v.Groups {
		at := fmt.Sprintf("nodes[%d]", i)
		if !slices.Contains(roles, g.Role) {
			v.report.unknown(at+".role", "role", g.Role, roles)
		}
		if g.Count < 1 {
			v.report(at+".count", "count: %d; use 1 or more, or leave the group out", g.Count)
		}
		g.validateLabels(at, v.report)
		g.validateTaints(at, v.report)
		g.validatePorts(at, v.report)
		g.validateMounts(at, v.report)
		v.validateLimits(g, at)
	}
}

// givenLabels are set by kubelets and kubeadm; with other values a cluster breaks.
var givenLabels = []string{corev1.LabelHostname, corev1.LabelOSStable, corev1.LabelArchStable, ControlPlaneTaint.Key}

func (g Group) validateLabels(at string, report reporter) {
	for _, key := range slices.Sorted(maps.Keys(g.Labels)) {
		value, place := g.Labels[key], at+".labels["+key+"]"
		for _, problem := range validation.IsQualifiedName(key) {
			report(place, "label %q: %s", key, problem)
		}
		for _, problem := range validation.IsValidLabelValue(value) {
			report(place, "value %q of label %s: %s", value, key, problem)
		}
		if slices.Contains(givenLabels, key) {
			report(place, "label %s is Kubernetes' own; leave it out", key)
		}
	}
}

func (g Group) validateTaints(at string, report reporter) {
	seen := []corev1.Taint{}
	if g.Role == ControlPlane {
		seen = append(seen, ControlPlaneTaint)
	}
	for i, text := range g.Taints {
		place := fmt.Sprintf("%s.taints[%d]", at, i)
		taint, err := parseTaint(text)
		switch {
		case err != nil:
			report(place, "taint %q: %v", text, err)
		case slices.ContainsFunc(seen, func(other corev1.Taint) bool { return taint.MatchTaint(&other) }):
			report(place, "taint %s:%s is there already", taint.Key, taint.Effect)
		}
		seen = append(seen, taint)
	}
}

// parseTaint reads KEY[=VALUE]:EFFECT.
func parseTaint(text string) (taint corev1.Taint, err error) {
	name, effect, has := strings.Cut(text, ":")
	key, value, _ := strings.Cut(name, "=")
	switch {
	case !has:
		return taint, errors.New("write it as KEY=VALUE:EFFECT or KEY:EFFECT")
	case !slices.Contains(effects, effect):
		return taint, fmt.Errorf("unknown effect %q%s; use one of: %s", effect, hint.Nearest(effect, effects), strings.Join(effects, ", "))
	}
	if problems := slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)); len(problems) > 0 {
		return taint, errors.New(strings.Join(problems, "; "))
	}
	return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}, nil
}

// isKinds reports whether kind makes this mount in every node anyway.
func (m Mount) isKinds() bool {
	return m.ReadOnly && path.Clean(m.ContainerPath) == modules && path.Clean(m.HostPath) == modules
}

func (g Group) validateMounts(at string, report reporter) {
	seen := slices.Clone(occupied)
	for i, m := range g.Mounts {
		place := fmt.Sprintf("%s.mounts[%d]", at, i)
		if m.HostPath == "" || strings.Contains(m.HostPath, ":") {
			report(place+".hostPath", "host path %q: name a file or directory of this machine, without colons", m.HostPath)
		}
		inside := path.Clean(m.ContainerPath)
		switch {
		case !path.IsAbs(m.ContainerPath) || strings.Contains(m.ContainerPath, ":"):
			report(place+".containerPath", "container path %q: write it from the root, without colons", m.ContainerPath)
		case m.isKinds():
		case slices.Contains(occupied, inside):
			report(place+".containerPath", "container path %s is the node's own; choose one beneath it, or another one", inside)
		case slices.Contains(seen, inside):
			report(place+".containerPath", "container path %s has a mount already", inside)
		}
		seen = append(seen, inside)
		if m.Propagation != "" && !slices.Contains(propagations, m.Propagation) {
			report.unknown(place+".propagation", "propagation", m.Propagation, propagations)
		}
	}
}

// What a node needs at least. kubeadm wants this memory for a control plane
// (ControlPlaneMem in its constants), whose static pods, with a CNI's agent,
// request 0.9 processors. A worker's is measured: kubelet, containerd and the
// CNI's agent.
var (
	leastCPUs   = map[string]resource.Quantity{ControlPlane: resource.MustParse("1"), Worker: resource.MustParse("500m")}
	leastMemory = map[string]resource.Quantity{ControlPlane: resource.MustParse("1700Mi"), Worker: resource.MustParse("512Mi")}
)

func (v validator) validateLimits(g Group, at string) {
	for _, limit := range []struct {
		field, text, example string
		least                map[string]resource.Quantity
	}{{"cpus", g.CPUs, "1.5", leastCPUs}, {"memory", g.Memory, "2Gi", leastMemory}} {
		least := limit.least[g.Role].DeepCopy()
		if v.Nodes() == 1 { // which is a worker, too
			least.Add(limit.least[Worker])
		}
		value, err := resource.ParseQuantity(limit.text)
		switch {
		case limit.text == "":
		case err != nil:
			v.report(at+"."+limit.field, "%s: %q is no quantity; write it as %s", limit.field, limit.text, limit.example)
		case value.Cmp(least) < 0:
			v.report(at+"."+limit.field, "%s: %s is less than the %s that such a node needs", limit.field, limit.text, least.String())
		}
	}
}

// validateTogether looks at what nodes have in common.
func (v validator) validateTogether() {
	if len(v.Groups) > 0 && (count(v.Groups, ControlPlane) != v.ControlPlanes || count(v.Groups, Worker) != v.Workers) {
		v.report("nodes", "nodes has %d control planes and %d workers, not %d and %d", count(v.Groups, ControlPlane), count(v.Groups, Worker), v.ControlPlanes, v.Workers)
	}
	takesPods := func(node Node) bool {
		return !slices.ContainsFunc(v.taintsOf(node), func(taint corev1.Taint) bool { return taint.Effect != corev1.TaintEffectPreferNoSchedule })
	}
	if (len(v.Groups) > 0 || v.Raw != nil) && (v.Nodes() == 1 || v.Workers > 0) && v.Nodes() <= maxNodes &&
		!slices.ContainsFunc(v.Each(), takesPods) {
		v.report("nodes", "taints keep ordinary pods from every node, CoreDNS among them; leave one node without")
	}
	v.validateHostPorts()
}

func (g Group) validatePorts(at string, report reporter) {
	for i, p := range g.Ports {
		place := fmt.Sprintf("%s.ports[%d]", at, i)
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			report(place+".containerPort", "container port %d: use 1 to 65535", p.ContainerPort)
		}
		if p.HostPort < 0 || p.HostPort > 65535 {
			report(place+".hostPort", "host port %d: use 1 to 65535, or 0 for a free one", p.HostPort)
		}
		if _, err := netip.ParseAddr(p.Address()); err != nil {
			report(place+".listenAddress", "listen address %q: write an IP address of this machine, or 0.0.0.0 for all of them", p.ListenAddress)
		}
		if !slices.Contains(protocols, p.Proto()) {
			report.unknown(place+".protocol", "protocol", p.Protocol, protocols)
		}
		if p.HostPort > 0 && g.Count > 1 {
			report(place+".hostPort", "%d nodes cannot share host port %d; give it to a group of one node, or leave it out for free ones", g.Count, p.HostPort)
		}
	}
}

// validateHostPorts finds ports of this machine that are given twice.
func (v validator) validateHostPorts() {
	type owner struct {
		Port
		place string
	}
	var taken []owner
	if v.APIServerPort > 0 {
		taken = append(taken, owner{Port{HostPort: v.APIServerPort}, "apiServerPort"})
	}
	for i, g := range v.Groups {
		for j, p := range g.Ports {
			place := fmt.Sprintf("nodes[%d].ports[%d].hostPort", i, j)
			for _, other := range taken {
				if p.HostPort > 0 && p.HostPort == other.HostPort && p.Proto() == other.Proto() && overlap(p.Address(), other.Address()) {
					v.report(place, "host port %d is given to %s too", p.HostPort, other.place)
				}
			}
			taken = append(taken, owner{p, place})
		}
	}
}

// overlap reports whether two listen addresses conflict when they use the same port.
func overlap(a, b string) bool {
	first, errA := netip.ParseAddr(a)
	second, errB := netip.ParseAddr(b)
	return errA == nil && errB == nil && (first == second || first.IsUnspecified() || second.IsUnspecified())
}
