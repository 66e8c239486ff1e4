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
)

// adopt makes a Topology of a whole file of kind's, which is in Raw.
func (t *Topology) adopt() (problems []string) {
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
	problems = t.absorb()
	t.anchor("") // kind's paths begin at the working directory
	return problems
}

// absorb takes over what kind's configuration says about things that have
// fields here. What both say, and differently, is a problem. What is left stays
// in Raw.
func (t *Topology) absorb() (problems []string) {
	if t.Raw == nil {
		return nil
	}
	net := &t.Raw.Networking
	t.Raw.APIVersion, t.Raw.Kind, net.DisableDefaultCNI = "", "", false
	problems = append(problems, t.absorbPatches()...)
	problems = append(problems, t.absorbNodes()...)
	for path, subnet := range map[string]*string{"podSubnet": &net.PodSubnet, "serviceSubnet": &net.ServiceSubnet} {
		if whole := masked(*subnet); whole != *subnet {
			t.notes = append(t.notes, fmt.Sprintf("%s%s %s is taken as %s, as kind does", t.origins.prefix("kindConfig.networking."+path), path, *subnet, whole))
			*subnet = whole
		}
	}
	problems = append(problems, take(t, &t.Name, &t.Raw.Name, "name", "kindConfig.name")...)
	problems = append(problems, take(t, &t.PodSubnet, &net.PodSubnet, "podSubnet", "kindConfig.networking.podSubnet")...)
	problems = append(problems, take(t, &t.ServiceSubnet, &net.ServiceSubnet, "serviceSubnet", "kindConfig.networking.serviceSubnet")...)
	mode, ip, port := string(net.KubeProxyMode), string(net.IPFamily), int(max(net.APIServerPort, 0)) // -1 asks Docker for a port
	problems = append(problems, take(t, &t.IPFamily, &ip, "ipFamily", "kindConfig.networking.ipFamily")...)
	problems = append(problems, take(t, &t.ProxyMode, &mode, "proxyMode", "kindConfig.networking.kubeProxyMode")...)
	problems = append(problems, take(t, &t.APIServerPort, &port, "apiServerPort", "kindConfig.networking.apiServerPort")...)
	net.KubeProxyMode, net.IPFamily, net.APIServerPort = "", "", min(net.APIServerPort, 0)

	for gate, on := range t.Raw.FeatureGates {
		problems = append(problems, t.takeSwitch(&t.FeatureGates, "featureGates", gate, on)...)
	}
	for api, value := range t.Raw.RuntimeConfig {
		on, err := strconv.ParseBool(cmp.Or(value, "true")) // as the API server reads it
		if err != nil {
			problems = append(problems, fmt.Sprintf("%sruntimeConfig of %s is %q; use true or false", t.origins.prefix("kindConfig.runtimeConfig["+api+"]"), api, value))
			continue
		}
		problems = append(problems, t.takeSwitch(&t.RuntimeConfig, "runtimeConfig", api, on)...)
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

// adoptedCNI says which CNI a file of kind's gets, if nobody chose one.
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

// take moves a value of kind's to where it belongs.
func take[T comparable](t *Topology, own, kinds *T, field, path string) []string {
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

// takeSwitch is take for one key of featureGates or runtimeConfig.
func (t *Topology) takeSwitch(own *map[string]bool, field, key string, on bool) []string {
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
