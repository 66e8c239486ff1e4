package provider

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// terrain is a network as it is now.
type terrain struct {
	id      string
	subnets []netip.Prefix
	// gateways are this host's own addresses there.
	gateways []netip.Addr
	// holders are the containers that have an address there, by address.
	holders map[netip.Addr]string
}

// survey looks at the network of a cluster.
func (d *Docker) survey(ctx context.Context, p place) (terrain, error) {
	inspected, err := d.api.NetworkInspect(ctx, p.network, client.NetworkInspectOptions{})
	if errdefs.IsNotFound(err) {
		command := "docker network create "
		if p.proper.IsValid() {
			command += subnetOf(p.proper) + " "
		}
		return terrain{}, hint.NetworkMissing.New(fmt.Sprintf("the network %s, which %s was on, is gone", p.network, p.name), "make it again, then start: "+command+p.network)
	}
	if err != nil {
		return terrain{}, fmt.Errorf("inspect network %s: %w", p.network, err)
	}
	found := terrain{id: inspected.Network.ID, holders: map[netip.Addr]string{}}
	for _, config := range inspected.Network.IPAM.Config {
		gateway := config.Gateway
		if !gateway.IsValid() { // Docker takes the first, and does not always say so
			gateway = config.Subnet.Masked().Addr().Next()
		}
		found.subnets, found.gateways = append(found.subnets, config.Subnet), append(found.gateways, gateway)
	}
	for _, container := range inspected.Network.Containers {
		for _, address := range []netip.Prefix{container.IPv4Address, container.IPv6Address} {
			if address.IsValid() {
				found.holders[address.Addr()] = container.Name
			}
		}
	}
	return found, nil
}

// subnetOf are the flags for a network with the address, of the size of those that
// Docker makes by itself, and kind for IPv6.
func subnetOf(address netip.Addr) string {
	if address.Is6() {
		return "--ipv6 --subnet " + netip.PrefixFrom(address, 64).Masked().String()
	}
	return "--subnet " + netip.PrefixFrom(address, 16).Masked().String()
}

// assign takes their addresses from containers that cannot have them, says why,
// and puts all in the order in which they have to be started: Docker gives the
// lowest address that is free where it cannot give a fixed one. So one that may
// have any fills the gap below the next that may not.
func (t terrain) assign(places, stopping []place) (elsewhere map[string]string, err error) {
	elsewhere = map[string]string{}
	taken := map[netip.Addr]string{}
	for _, p := range places {
		if p.bound {
			taken[p.proper] = p.name
		}
	}
	for i := range places {
		p := &places[i]
		why, err := t.denies(*p, stopping)
		if err != nil {
			return nil, err
		}
		if owner, owned := taken[p.proper]; why == "" && owned && owner != p.name {
			why = fmt.Sprintf("%s is to have %s", owner, p.proper)
		}
		if why != "" {
			p.proper, elsewhere[p.name] = netip.Addr{}, " at another address: "+why
		}
		if p.turn = p.proper; p.turn.IsValid() {
			taken[p.turn] = p.name
		}
	}
	for address, holder := range t.holders {
		if !slices.ContainsFunc(stopping, func(p place) bool { return p.name == holder }) {
			taken[address] = holder
		}
	}
	for i := range places {
		if p := &places[i]; !p.turn.IsValid() {
			p.turn = t.vacancy(taken, p.six)
			taken[p.turn] = p.name
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.turn.Compare(b.turn) })
	return elsewhere, nil
}

// vacancy is the lowest address of an IP family that is not taken; none when all
// are, or the network has none.
func (t terrain) vacancy(taken map[netip.Addr]string, six bool) netip.Addr {
	for _, subnet := range t.subnets {
		if subnet.Addr().Is6() != six {
			continue
		}
		for address := subnet.Masked().Addr().Next(); subnet.Contains(address); address = address.Next() {
			if _, is := taken[address]; !is && !slices.Contains(t.gateways, address) {
				return address
			}
		}
	}
	return netip.Addr{}
}

// denies says why a container cannot have its address on this network any more.
// For one that cannot do without it is an error. What is about to be stopped is
// not in the way.
func (t terrain) denies(p place, stopping []place) (why string, err error) {
	holder, held := t.holders[p.proper]
	held = held && holder != p.name && !slices.ContainsFunc(stopping, func(other place) bool { return other.name == holder })
	inside := slices.ContainsFunc(t.subnets, func(subnet netip.Prefix) bool { return subnet.Contains(p.proper) })
	switch {
	case !p.proper.IsValid():
		return "", nil
	case held && p.bound:
		return "", hint.AddressTaken.New(fmt.Sprintf("container %s has the address %s, at which the other control planes look for %s", holder, p.proper, p.name),
			"stop it, then start again: docker stop "+holder)
	case held:
		return fmt.Sprintf("%s has %s now", holder, p.proper), nil
	case !inside && p.bound:
		return "", hint.AddressTaken.New(fmt.Sprintf("network %s has no address %s any more, at which the other control planes look for %s", p.network, p.proper, p.name),
			fmt.Sprintf("once nothing else uses it, recreate it: docker network rm %s; docker network create %s %s", p.network, subnetOf(p.proper), p.network))
	case !inside:
		return fmt.Sprintf("network %s has no %s any more", p.network, p.proper), nil
	}
	return "", nil
}
