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

// kindReader makes a Topology of what kind's configuration, in Raw, says.
type kindReader struct{ *Topology }

// file makes a Topology of a whole file of kind's, which is in Raw.
func (k kindReader) file() (problems []string) {
	if len(k.Raw.Nodes) == 0 {
		k.Raw.Nodes = []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole}}
		k.origins["kindConfig.nodes"] = origin{level: fromProfile, place: "kind's default"}
	}
	everywhere := "0.0.0.0"
	if k.Raw.Networking.IPFamily == v1alpha4.IPv6Family {
		everywhere = "::"
	}
	for i := range k.Raw.Nodes {
		for j := range k.Raw.Nodes[i].ExtraPortMappings { // kind's default is not ours
			port := &k.Raw.Nodes[i].ExtraPortMappings[j]
			port.ListenAddress = cmp.Or(port.ListenAddress, everywhere)
		}
	}
	if k.Raw.Networking.DisableDefaultCNI {
		k.CNI = "none"
		k.origins["cni"] = origin{level: fromProfile, place: k.origins["kindConfig.networking.disableDefaultCNI"].place}
	}
	k.adopted = true
	problems = k.config()
	k.anchor("") // kind's paths begin at the working directory
	return problems
}

// config takes over what kind's configuration says about things that have
// fields here. What both say, and differently, is a problem. What is left stays
// in Raw.
func (k kindReader) config() (problems []string) {
	if k.Raw == nil {
		return nil
	}
	net := &k.Raw.Networking
	k.Raw.APIVersion, k.Raw.Kind, net.DisableDefaultCNI = "", "", false
	problems = append(problems, k.patches()...)
	problems = append(problems, k.nodes()...)
	for path, subnet := range map[string]*string{"podSubnet": &net.PodSubnet, "serviceSubnet": &net.ServiceSubnet} {
		if whole := masked(*subnet); whole != *subnet {
			k.notes = append(k.notes, fmt.Sprintf("%s%s %s is taken as %s, as kind does", k.origins.prefix("kindConfig.networking."+path), path, *subnet, whole))
			*subnet = whole
		}
	}
	problems = append(problems, move(k.Topology, &k.Name, &k.Raw.Name, "name", "kindConfig.name")...)
	problems = append(problems, move(k.Topology, &k.PodSubnet, &net.PodSubnet, "podSubnet", "kindConfig.networking.podSubnet")...)
	problems = append(problems, move(k.Topology, &k.ServiceSubnet, &net.ServiceSubnet, "serviceSubnet", "kindConfig.networking.serviceSubnet")...)
	mode, ip, port := string(net.KubeProxyMode), string(net.IPFamily), int(max(net.APIServerPort, 0)) // -1 asks Docker for a port
	problems = append(problems, move(k.Topology, &k.IPFamily, &ip, "ipFamily", "kindConfig.networking.ipFamily")...)
	problems = append(problems, move(k.Topology, &k.ProxyMode, &mode, "proxyMode", "kindConfig.networking.kubeProxyMode")...)
	problems = append(problems, move(k.Topology, &k.APIServerPort, &port, "apiServerPort", "kindConfig.networking.apiServerPort")...)
	net.KubeProxyMode, net.IPFamily, net.APIServerPort = "", "", min(net.APIServerPort, 0)

	for gate, on := range k.Raw.FeatureGates {
		problems = append(problems, k.moveSwitch(&k.FeatureGates, "featureGates", gate, on)...)
	}
	for api, value := range k.Raw.RuntimeConfig {
		on, err := strconv.ParseBool(cmp.Or(value, "true")) // as the API server reads it
		if err != nil {
			problems = append(problems, fmt.Sprintf("%sruntimeConfig of %s is %q; use true or false", k.origins.prefix("kindConfig.runtimeConfig["+api+"]"), api, value))
			continue
		}
		problems = append(problems, k.moveSwitch(&k.RuntimeConfig, "runtimeConfig", api, on)...)
	}
	k.Raw.FeatureGates, k.Raw.RuntimeConfig = nil, nil
	if reflect.ValueOf(*k.Raw).IsZero() {
		k.Raw = nil
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
func (k kindReader) moveSwitch(own *map[string]bool, field, key string, on bool) []string {
	path := field + "[" + key + "]"
	if have, has := (*own)[key]; has && have != on {
		return []string{fmt.Sprintf("%skindConfig.%s is %v, but %s%s is %v", k.origins.prefix("kindConfig."+path), path, on, k.origins.prefix(path), path, have)}
	}
	if *own = maps.Clone(*own); *own == nil {
		*own = map[string]bool{}
	}
	(*own)[key] = on
	k.origins.move("kindConfig."+path, path)
	return nil
}

// nodes takes over kind's nodes. Where the file does not count its nodes,
// these are they; else they belong to them by role and order, and say no more
// than what has no field here.
func (k kindReader) nodes() (problems []string) {
	nodes := k.Raw.Nodes
	if len(nodes) == 0 {
		return nil
	}
	for i := range nodes {
		nodes[i].Role = cmp.Or(nodes[i].Role, v1alpha4.ControlPlaneRole)
	}
	if k.origins.inFile("controlPlanes") || k.origins.inFile("workers") {
		problems = k.validateNodes(nodes)
	} else {
		k.groupsOf(nodes)
	}
	if k.Image == "" && nodes[0].Image != "" && !slices.ContainsFunc(nodes, func(n v1alpha4.Node) bool { return n.Image != nodes[0].Image }) &&
		len(nodes) == k.Nodes() {
		k.Image, k.origins["image"] = nodes[0].Image, k.origins["kindConfig.nodes[0].image"]
		for i := range nodes {
			nodes[i].Image = ""
		}
	}
	for last := len(nodes) - 1; last >= 0 && reflect.DeepEqual(nodes[last], v1alpha4.Node{Role: nodes[last].Role}); last-- {
		nodes = nodes[:last]
	}
	if k.Raw.Nodes = nodes; len(nodes) == 0 {
		k.Raw.Nodes = nil
	}
	return problems
}

// groupsOf makes groups of kind's nodes and leaves there what has no field here.
func (k kindReader) groupsOf(nodes []v1alpha4.Node) {
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
		k.origins.move(from, to)
		k.origins.move(from+".extraPortMappings", to+".ports")
		k.origins.move(from+".extraMounts", to+".mounts")
		groups = append(groups, g)
	}
	*k.Topology = k.WithNodes(groups...)
	if plain(groups) {
		k.Groups = nil
	}
	for _, field := range []string{"nodes", "controlPlanes", "workers"} {
		k.origins[field] = k.origins["kindConfig.nodes"]
	}
}

// validateNodes looks at kind's nodes beside our own.
func (k kindReader) validateNodes(nodes []v1alpha4.Node) (problems []string) {
	left := map[v1alpha4.NodeRole]int{v1alpha4.ControlPlaneRole: k.ControlPlanes, v1alpha4.WorkerRole: k.Workers}
	for i, node := range nodes {
		path := fmt.Sprintf("kindConfig.nodes[%d]", i)
		if left[node.Role]--; left[node.Role] < 0 {
			problems = append(problems, fmt.Sprintf("%skindConfig has more nodes of role %q than the configuration", k.origins.prefix(path), node.Role))
		}
		for field, there := range map[string]bool{"labels": len(node.Labels) > 0, "extraPortMappings": len(node.ExtraPortMappings) > 0, "extraMounts": len(node.ExtraMounts) > 0} {
			if there {
				problems = append(problems, fmt.Sprintf("%s%s: write it as %s of nodes", k.origins.prefix(path+"."+field), field, cmp.Or(renamed[field], field)))
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

// patches takes over what merge patches for the first control plane say about
// things that have fields here. The patches stay as they are.
func (k kindReader) patches() (problems []string) {
	net := &k.Raw.Networking
	patches := k.clusterPatches().patches
	for i, node := range k.Raw.Nodes {
		if node.Role == "" || node.Role == ControlPlane {
			set := k.readPatches("kindConfig.nodes["+strconv.Itoa(i)+"]", node.KubeadmConfigPatches, nil)
			patches = append(patches, set.patches...)
			break
		}
	}
	for _, patch := range patches {
		switch patch.Kind {
		case kindpatch.ClusterConfiguration:
			problems = append(problems, k.patch(patch, &net.PodSubnet, "podSubnet", "networking", "podSubnet")...)
			problems = append(problems, k.patch(patch, &net.ServiceSubnet, "serviceSubnet", "networking", "serviceSubnet")...)
		case kindpatch.KubeProxyConfiguration:
			mode := string(net.KubeProxyMode)
			problems = append(problems, k.patch(patch, &mode, "kubeProxyMode", "mode")...)
			net.KubeProxyMode = v1alpha4.ProxyMode(mode)
		case kindpatch.InitConfiguration:
			if skipped, _ := patch.Value("skipPhases").([]any); slices.Contains(skipped, any("addon/kube-proxy")) && net.KubeProxyMode == "" && !k.origins.inFile("proxyMode") {
				net.KubeProxyMode = "none"
				k.origins["kindConfig.networking.kubeProxyMode"] = origin{level: fromFile, place: patch.PlaceOf("skipPhases")}
			}
		}
	}
	return problems
}

// isRead reports whether kindReader.patches takes something of a patch over, so that the
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

// patch has kind's own field of networking say what a patch does, so that what
// both say, and differently, is found.
func (k kindReader) patch(patch kindpatch.Patch, kinds *string, field string, path ...string) []string {
	text, said := patch.Text(path...)
	place := "kindConfig.networking." + field
	switch {
	case !said || text == "" || masked(text) == masked(*kinds):
		return nil
	case *kinds != "":
		return []string{k.origins.prefix(place) + place + " is " + *kinds + ", but " + patch.PlaceOf(path...) + ": the patch sets " + text}
	}
	*kinds = text
	k.origins[place] = origin{level: fromFile, place: patch.PlaceOf(path...)}
	return nil
}
