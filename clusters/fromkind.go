package clusters

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// fromKindFile makes a Topology of a whole file of kind's, which is in Raw.
func (t *Topology) fromKindFile() (problems []string) {
	if len(t.Raw.Nodes) == 0 {
		t.Raw.Nodes = []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole}}
		t.origins["kindConfig.nodes"] = origin{level: fromProfile, place: "kind's default"}
	}
	everywhere := "0.0.0.0"
	if t.Raw.Networking.IPFamily == v1alpha4.IPv6Family {
		everywhere = "::"
	}
	for i := range t.Raw.Nodes {
		for j := range t.Raw.Nodes[i].ExtraPortMappings { // kind's default is not ours
			port := &t.Raw.Nodes[i].ExtraPortMappings[j]
			port.ListenAddress = cmp.Or(port.ListenAddress, everywhere)
		}
	}
	if t.Raw.Networking.DisableDefaultCNI {
		t.CNI = "none"
		t.origins["cni"] = origin{level: fromProfile, place: t.origins["kindConfig.networking.disableDefaultCNI"].place}
	}
	t.adopted = true
	problems = t.fromKindConfig()
	t.anchor("") // kind's paths begin at the working directory
	return problems
}

// fromKindConfig takes over what kind's configuration says about things that have
// fields here. What both say, and differently, is a problem. What is left stays
// in Raw.
func (t *Topology) fromKindConfig() (problems []string) {
	if t.Raw == nil {
		return nil
	}
	net := &t.Raw.Networking
	t.Raw.APIVersion, t.Raw.Kind, net.DisableDefaultCNI = "", "", false
	problems = append(problems, t.fromKindPatches()...)
	problems = append(problems, t.fromKindNodes()...)
	for path, subnet := range map[string]*string{"podSubnet": &net.PodSubnet, "serviceSubnet": &net.ServiceSubnet} {
		if whole := masked(*subnet); whole != *subnet {
			t.notes = append(t.notes, fmt.Sprintf("%s%s %s is taken as %s, as kind does", t.origins.prefix("kindConfig.networking."+path), path, *subnet, whole))
			*subnet = whole
		}
	}
	problems = append(problems, move(t, &t.Name, &t.Raw.Name, "name", "kindConfig.name")...)
	problems = append(problems, move(t, &t.PodSubnet, &net.PodSubnet, "podSubnet", "kindConfig.networking.podSubnet")...)
	problems = append(problems, move(t, &t.ServiceSubnet, &net.ServiceSubnet, "serviceSubnet", "kindConfig.networking.serviceSubnet")...)
	mode, ip, port := string(net.KubeProxyMode), string(net.IPFamily), int(max(net.APIServerPort, 0)) // -1 asks Docker for a port
	problems = append(problems, move(t, &t.IPFamily, &ip, "ipFamily", "kindConfig.networking.ipFamily")...)
	problems = append(problems, move(t, &t.ProxyMode, &mode, "proxyMode", "kindConfig.networking.kubeProxyMode")...)
	problems = append(problems, move(t, &t.APIServerPort, &port, "apiServerPort", "kindConfig.networking.apiServerPort")...)
	net.KubeProxyMode, net.IPFamily, net.APIServerPort = "", "", min(net.APIServerPort, 0)

	for gate, on := range t.Raw.FeatureGates {
		problems = append(problems, t.moveSwitch(&t.FeatureGates, "featureGates", gate, on)...)
	}
	for api, value := range t.Raw.RuntimeConfig {
		on, err := strconv.ParseBool(cmp.Or(value, "true")) // as the API server reads it
		if err != nil {
			problems = append(problems, fmt.Sprintf("%sruntimeConfig of %s is %q; use true or false", t.origins.prefix("kindConfig.runtimeConfig["+api+"]"), api, value))
			continue
		}
		problems = append(problems, t.moveSwitch(&t.RuntimeConfig, "runtimeConfig", api, on)...)
	}
	t.Raw.FeatureGates, t.Raw.RuntimeConfig = nil, nil
	if reflect.ValueOf(*t.Raw).IsZero() {
		t.Raw = nil
	}
	slices.Sort(problems)
	return problems
}

// masked are subnets without bits beyond their prefix, which kind takes away.
func masked(subnets string) string {
	parts := strings.Split(subnets, ",")
	for i, part := range parts {
		if subnet, err := netip.ParsePrefix(strings.TrimSpace(part)); err == nil { // else Validate refuses it
			parts[i] = subnet.Masked().String()
		}
	}
	return strings.Join(parts, ",")
}

// adoptedCNI notes which CNI a configuration file of kind gets when none is chosen.
func (t Topology) adoptedCNI() (notes []string) {
	switch chosen := t.origins["cni"]; {
	case !t.adopted || chosen.level != fromProfile:
	case t.CNI == "none":
		notes = append(notes, "cni is none, because the file disables kind's default CNI; --cni installs one")
	default:
		notes = append(notes, fmt.Sprintf("the CNI is %s, in place of kind's default; --cni chooses another one", t.CNI))
	}
	return notes
}

// move moves a value of kind's to where it belongs.
func move[T comparable](t *Topology, own, kinds *T, field, path string) []string {
	var none T
	value := *kinds
	*kinds = none
	switch {
	case value == none || t.origins.inFile(field) && *own == value:
		return nil
	case t.origins.inFile(field):
		return []string{fmt.Sprintf("%s%s is %v, but %s%s is %v", t.origins.prefix(path), path, value, t.origins.prefix(field), field, *own)}
	}
	*own = value
	t.origins[field] = t.origins[path]
	return nil
}

// moveSwitch is move for one key of featureGates or runtimeConfig.
func (t *Topology) moveSwitch(own *map[string]bool, field, key string, on bool) []string {
	path := field + "[" + key + "]"
	if have, has := (*own)[key]; has && have != on {
		return []string{fmt.Sprintf("%skindConfig.%s is %v, but %s%s is %v", t.origins.prefix("kindConfig."+path), path, on, t.origins.prefix(path), path, have)}
	}
	if *own = maps.Clone(*own); *own == nil {
		*own = map[string]bool{}
	}
	(*own)[key] = on
	t.origins.move("kindConfig."+path, path)
	return nil
}

// fromKindNodes takes over kind's nodes. Where the file does not count its nodes,
// these are they; else they belong to them by role and order, and say no more
// than what has no field here.
func (t *Topology) fromKindNodes() (problems []string) {
	nodes := t.Raw.Nodes
	if len(nodes) == 0 {
		return nil
	}
	for i := range nodes {
		nodes[i].Role = cmp.Or(nodes[i].Role, v1alpha4.ControlPlaneRole)
	}
	if t.origins.inFile("controlPlanes") || t.origins.inFile("workers") {
		problems = t.validateKindNodes(nodes)
	} else {
		t.groupsOf(nodes)
	}
	if t.Image == "" && nodes[0].Image != "" && !slices.ContainsFunc(nodes, func(n v1alpha4.Node) bool { return n.Image != nodes[0].Image }) &&
		len(nodes) == t.Nodes() {
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

// groupsOf makes groups of kind's nodes and leaves there what has no field here.
func (t *Topology) groupsOf(nodes []v1alpha4.Node) {
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
		if last := len(groups) - 1; last >= 0 &&
			reflect.DeepEqual(groups[last], Group{g.Role, groups[last].Count, g.Labels, nil, g.Ports, g.Mounts, "", ""}) {
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

// validateKindNodes looks at kind's nodes beside our own.
func (t *Topology) validateKindNodes(nodes []v1alpha4.Node) (problems []string) {
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

// kindNodeOf is what Raw says about a node.
func (t Topology) kindNodeOf(node Node) (kinds v1alpha4.Node, path string) {
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

// fromKindPatches takes over what merge patches for the first control plane say about
// things that have fields here. The patches stay as they are.
func (t *Topology) fromKindPatches() (problems []string) {
	net := &t.Raw.Networking
	patches := t.clusterPatches().patches
	for i, node := range t.Raw.Nodes {
		if node.Role == "" || node.Role == ControlPlane {
			set := t.readPatches("kindConfig.nodes["+strconv.Itoa(i)+"]", node.KubeadmConfigPatches, nil)
			patches = append(patches, set.patches...)
			break
		}
	}
	for _, patch := range patches {
		switch patch.Kind {
		case kindpatch.ClusterConfiguration:
			problems = append(problems, t.fromPatch(patch, &net.PodSubnet, "podSubnet", "networking", "podSubnet")...)
			problems = append(problems, t.fromPatch(patch, &net.ServiceSubnet, "serviceSubnet", "networking", "serviceSubnet")...)
		case kindpatch.KubeProxyConfiguration:
			mode := string(net.KubeProxyMode)
			problems = append(problems, t.fromPatch(patch, &mode, "kubeProxyMode", "mode")...)
			net.KubeProxyMode = v1alpha4.ProxyMode(mode)
		case kindpatch.InitConfiguration:
			if skipped, _ := patch.Value("skipPhases").([]any); slices.Contains(skipped, any("addon/kube-proxy")) && net.KubeProxyMode == "" && !t.origins.inFile("proxyMode") {
				net.KubeProxyMode = "none"
				t.origins["kindConfig.networking.kubeProxyMode"] = origin{level: fromFile, place: patch.PlaceOf("skipPhases")}
			}
		}
	}
	return problems
}

// isRead reports whether fromKindPatches takes something of a patch over, so that the
// configuration has it without the patch.
func isRead(patch kindpatch.Patch) bool {
	switch patch.Kind {
	case kindpatch.ClusterConfiguration:
		return patch.Has("networking", "podSubnet") || patch.Has("networking", "serviceSubnet")
	case kindpatch.KubeProxyConfiguration:
		return patch.Has("mode")
	case kindpatch.InitConfiguration:
		return patch.Has("skipPhases")
	}
	return false
}

// fromPatch has kind's own field of networking say what a patch does, so that what
// both say, and differently, is found.
func (t *Topology) fromPatch(patch kindpatch.Patch, kinds *string, field string, path ...string) []string {
	text, said := patch.Text(path...)
	place := "kindConfig.networking." + field
	switch {
	case !said || text == "" || masked(text) == masked(*kinds):
		return nil
	case *kinds != "":
		return []string{t.origins.prefix(place) + place + " is " + *kinds + ", but " + patch.PlaceOf(path...) + ": the patch sets " + text}
	}
	*kinds = text
	t.origins[place] = origin{level: fromFile, place: patch.PlaceOf(path...)}
	return nil
}
