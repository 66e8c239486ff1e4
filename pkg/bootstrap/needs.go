package bootstrap

import (
	"net/netip"
	"slices"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/fidelity"
	"github.com/kindctl/kindctl/pkg/host"
)

// Needs are what a topology asks of the kernel and the host.
func Needs(t clusters.Topology) host.Needs {
	needs := host.Needs{Port: t.APIServerPort, Nodes: t.Nodes(), PathsBegin: t.PathsBegin(), Address: t.APIServerAddress(), Places: map[string]string{}}
	needs.Places[host.APIServerPort], needs.Places[host.APIServerAddress] = t.PlaceOf("apiServerPort"), t.PlaceOf("kindConfig.networking.apiServerAddress")
	for _, node := range t.Each() {
		addNeeds(&needs, t, node)
	}
	need := func(purpose string, features ...host.Feature) {
		for _, feature := range features {
			needs.Features = append(needs.Features, host.Need{Feature: feature, For: purpose})
		}
	}
	switch t.ProxyMode {
	case "iptables":
		need("proxy mode iptables", host.XTStatistic)
	case "nftables":
		need("proxy mode nftables", host.NFTables, host.NFTNumgen)
	case "ipvs":
		need("proxy mode ipvs", host.IPVS, host.IPSet, host.XTSet)
	case "none":
		if t.CNI == "cilium" {
			need("Cilium in kube-proxy's place", host.CgroupBPF)
		}
	}
	if t.HasIPv6() {
		need(sixes, host.IPv6)
	}
	switch t.CNI {
	case "cilium":
		need("Cilium", host.BPF)
		if t.Nodes() > 1 && t.Production() { // else plain routes do, as they do for Calico
			need("Cilium's tunnel in --fidelity production", host.VXLAN)
		}
	case "calico":
		if t.ProxyMode != "nftables" { // then Calico's agent uses nftables too
			need("Calico", host.IPSet, host.XTSet)
		}
	}
	return needs
}

// sixes is what needs IPv6.
const sixes = "an IP family with IPv6"

// addNeeds adds what a node is to have of the host.
func addNeeds(needs *host.Needs, t clusters.Topology, node clusters.Node) {
	for i, port := range node.Ports {
		if address, err := netip.ParseAddr(port.Address()); err == nil && port.HostPort > 0 {
			wanted := host.Port{Address: address, Number: port.HostPort, Protocol: port.Proto()}
			needs.Ports = append(needs.Ports, wanted)
			needs.Places[wanted.String()] = t.PlaceOfPort(node, i)
		}
	}
	for i, mount := range node.Mounts {
		if !slices.Contains(needs.Mounts, mount.HostPath) {
			needs.Mounts = append(needs.Mounts, mount.HostPath)
			needs.Places[mount.HostPath] = t.PlaceOfMount(node, i)
		}
	}
	for _, dir := range clusters.StateDirs(node.Role, node.Mounts) {
		needs.Folders = append(needs.Folders, host.Folder{Path: dir.HostPath, Owner: dir.Owner})
	}
	cpus, some := node.CPULimit()
	memory, limited := node.MemoryLimit()
	if some || limited {
		needs.Limits = append(needs.Limits, host.Limit{Node: node.Name, MilliCPUs: cpus.MilliValue(), Bytes: memory.Value()})
	}
}

// Survey are the needs of a topology and, as optional ones, those of every other
// CNI, proxy mode and fidelity that it could have.
func Survey(t clusters.Topology) host.Needs {
	needs := Needs(t)
	addOptional(&needs, []host.Need{{Feature: host.IPv6, For: sixes}})
	t.Name = "any" // the name asks for nothing
	for _, t.CNI = range clusters.CNIs {
		for _, t.ProxyMode = range clusters.ProxyModes {
			if _, err := t.Validate(); err != nil {
				continue
			}
			for _, t.Fidelity = range fidelity.Modes {
				addOptional(&needs, Needs(t).Features)
			}
		}
	}
	return needs
}

// addOptional adds those that are not there yet, for the same purpose.
func addOptional(needs *host.Needs, more []host.Need) {
	for _, need := range more {
		if !slices.ContainsFunc(needs.Features, func(known host.Need) bool { return known.Feature == need.Feature && known.For == need.For }) {
			need.Optional = true
			needs.Features = append(needs.Features, need)
		}
	}
}
