package bootstrap

import (
	"net/netip"
	"slices"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
)

// Needs are what a topology and its CNI, nil for none, ask of the kernel and the host.
func Needs(t clusters.Topology, addon plugin.Addon) host.Needs {
	needs := host.Needs{Port: t.APIServerPort, Nodes: t.Nodes(), PathsBegin: t.PathsBegin(), Address: t.APIServerAddress(),
		Places: map[string]string{}}
	needs.Places[host.APIServerPort] = t.PlaceOf("apiServerPort")
	needs.Places[host.APIServerAddress] = t.PlaceOf("kindConfig.networking.apiServerAddress")
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
	}
	if t.HasIPv6() {
		need(IPv6Purpose, host.IPv6)
	}
	if addon != nil {
		needs.Features = append(needs.Features, addon.Needs()...)
	}
	return needs
}

// IPv6Purpose is what needs IPv6.
const IPv6Purpose = "an IP family with IPv6"

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
