package clusters

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

func (g Group) judgePorts(at string, complain complaint) {
	for i, p := range g.Ports {
		place := fmt.Sprintf("%s.ports[%d]", at, i)
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			complain(place+".containerPort", "container port %d: use 1 to 65535", p.ContainerPort)
		}
		if p.HostPort < 0 || p.HostPort > 65535 {
			complain(place+".hostPort", "host port %d: use 1 to 65535, or 0 for a free one", p.HostPort)
		}
		if _, err := netip.ParseAddr(p.Address()); err != nil {
			complain(place+".listenAddress", "listen address %q: write an IP address of this machine, or 0.0.0.0 for all of them", p.ListenAddress)
		}
		if !slices.Contains(protocols, p.Proto()) {
			complain(place+".protocol", "unknown protocol %q; use one of: %s", p.Protocol, strings.Join(protocols, ", "))
		}
		if p.HostPort > 0 && g.Count > 1 {
			complain(place+".hostPort", "%d nodes cannot share host port %d; give it to a group of one node, or leave it out for free ones", g.Count, p.HostPort)
		}
	}
}

// judgeHostPorts finds ports of this machine that are given twice.
func (t Topology) judgeHostPorts(complain complaint) {
	type owner struct {
		Port
		place string
	}
	var taken []owner
	if t.APIServerPort > 0 {
		taken = append(taken, owner{Port{HostPort: t.APIServerPort}, "apiServerPort"})
	}
	for i, g := range t.Groups {
		for j, p := range g.Ports {
			place := fmt.Sprintf("nodes[%d].ports[%d].hostPort", i, j)
			for _, other := range taken {
				if p.HostPort > 0 && p.HostPort == other.HostPort && p.Proto() == other.Proto() && overlap(p.Address(), other.Address()) {
					complain(place, "host port %d is given to %s too", p.HostPort, other.place)
				}
			}
			taken = append(taken, owner{p, place})
		}
	}
}

// overlap tells whether two listen addresses cannot have the same port.
func overlap(a, b string) bool {
	first, errA := netip.ParseAddr(a)
	second, errB := netip.ParseAddr(b)
	return errA == nil && errB == nil && (first == second || first.IsUnspecified() || second.IsUnspecified())
}
