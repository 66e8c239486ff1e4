package clusters

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// absorbNodes takes over kind's nodes. Where the file does not count its nodes,
// these are they; else they belong to them by role and order, and say no more
// than what has no field here.
func (t *Topology) absorbNodes() (problems []string) {
	nodes := t.Raw.Nodes
	if len(nodes) == 0 {
		return nil
	}
	for i := range nodes {
		nodes[i].Role = cmp.Or(nodes[i].Role, v1alpha4.ControlPlaneRole)
	}
	if t.origins.inFile("controlPlanes") || t.origins.inFile("workers") {
		problems = t.judgeRest(nodes)
	} else {
		t.become(nodes)
	}
	if t.Image == "" && nodes[0].Image != "" && !slices.ContainsFunc(nodes, func(n v1alpha4.Node) bool { return n.Image != nodes[0].Image }) && len(nodes) == t.Nodes() {
		t.Image, t.origins["image"] = nodes[0].Image, t.origins["kindConfig.nodes[0].image"]
		for i := range nodes {
			nodes[i].Image = ""
		}
	}
	for last := len(nodes) - 1; last >= 0 && reflect.DeepEqual(nodes[last], v1alpha4.Node{Role: nodes[last].Role}); last-- {
		nodes = nodes[:last]
	}
	if t.Raw.Nodes = nodes; len(nodes) == 0 {
		t.Raw.Nodes = nil
	}
	return problems
}

// become makes groups of kind's nodes and leaves there what has no field here.
func (t *Topology) become(nodes []v1alpha4.Node) {
	var groups []Group
	for i := range nodes {
		node := &nodes[i]
		g := Group{Role: string(node.Role), Count: 1, Labels: node.Labels}
		for _, p := range node.ExtraPortMappings {
			g.Ports = append(g.Ports, Port{int(p.ContainerPort), int(max(p.HostPort, 0)), p.ListenAddress, string(p.Protocol)})
		}
		for _, m := range node.ExtraMounts {
			g.Mounts = append(g.Mounts, Mount{m.HostPath, m.ContainerPath, m.Readonly, string(m.Propagation), m.SelinuxRelabel})
		}
		node.Labels, node.ExtraPortMappings, node.ExtraMounts = nil, nil, nil
		if last := len(groups) - 1; last >= 0 && reflect.DeepEqual(groups[last], Group{g.Role, groups[last].Count, g.Labels, nil, g.Ports, g.Mounts, "", ""}) {
			groups[last].Count++
			continue
		}
		from, to := fmt.Sprintf("kindConfig.nodes[%d]", i), fmt.Sprintf("nodes[%d]", len(groups))
		t.origins.move(from, to)
		t.origins.move(from+".extraPortMappings", to+".ports")
		t.origins.move(from+".extraMounts", to+".mounts")
		groups = append(groups, g)
	}
	*t = t.WithNodes(groups...)
	if plain(groups) {
		t.Groups = nil
	}
	for _, field := range []string{"nodes", "controlPlanes", "workers"} {
		t.origins[field] = t.origins["kindConfig.nodes"]
	}
}

// judgeRest looks at kind's nodes beside our own.
func (t *Topology) judgeRest(nodes []v1alpha4.Node) (problems []string) {
	left := map[v1alpha4.NodeRole]int{v1alpha4.ControlPlaneRole: t.ControlPlanes, v1alpha4.WorkerRole: t.Workers}
	for i, node := range nodes {
		path := fmt.Sprintf("kindConfig.nodes[%d]", i)
		if left[node.Role]--; left[node.Role] < 0 {
			problems = append(problems, fmt.Sprintf("%skindConfig has more nodes of role %q than the configuration", t.origins.prefix(path), node.Role))
		}
		for field, there := range map[string]bool{"labels": len(node.Labels) > 0, "extraPortMappings": len(node.ExtraPortMappings) > 0, "extraMounts": len(node.ExtraMounts) > 0} {
			if there {
				problems = append(problems, fmt.Sprintf("%s%s: write it as %s of nodes", t.origins.prefix(path+"."+field), field, cmp.Or(renamed[field], field)))
			}
		}
	}
	return problems
}

// rest is what Raw says about a node.
func (t Topology) rest(node Node) (kinds v1alpha4.Node, path string) {
	if t.Raw == nil {
		return kinds, ""
	}
	ordinal := 0
	for i, candidate := range t.Raw.Nodes {
		if string(candidate.Role) != node.Role {
			continue
		}
		if ordinal == node.ordinal {
			return candidate, fmt.Sprintf("kindConfig.nodes[%d]", i)
		}
		ordinal++
	}
	return kinds, ""
}
