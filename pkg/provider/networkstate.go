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

// networkState is a network as it is now.
type networkState struct {
	id      string
	subnets []netip.Prefix
	// gateways are this host's own addresses there.
	gateways []netip.Addr
	// users are the containers that have an address there, by address.
	users map[netip.Addr]string
}

// inspectNetwork looks at the network that a node was on.
func (d *Docker) inspectNetwork(ctx context.Context, a nodeAddress) (networkState, error) {
	inspected, err := d.api.NetworkInspect(ctx, a.Network, client.NetworkInspectOptions{})
	if errdefs.IsNotFound(err) {
		command := "docker network create "
		if a.desired.IsValid() {
			command += subnetOf(a.desired) + " "
		}
		return networkState{}, hint.NetworkMissing.New(fmt.Sprintf("the network %s, which %s was on, is gone", a.Network, a.Name), "make it again, then start: "+command+a.Network)
	}
	if err != nil {
		return networkState{}, fmt.Errorf("inspect network %s: %w", a.Network, err)
	}
	found := networkState{id: inspected.Network.ID, users: map[netip.Addr]string{}}
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
				found.users[address.Addr()] = container.Name
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
func (t networkState) assign(addresses, stopping []nodeAddress) (elsewhere map[string]string, err error) {
	elsewhere = map[string]string{}
	taken := map[netip.Addr]string{}
	for _, a := range addresses {
		if a.pinned {
			taken[a.desired] = a.Name
		}
	}
	for i := range addresses {
		a := &addresses[i]
		why, err := t.denies(*a, stopping)
		if err != nil {
			return nil, err
		}
		if owner, owned := taken[a.desired]; why == "" && owned && owner != a.Name {
			why = fmt.Sprintf("%s is to have %s", owner, a.desired)
		}
		if why != "" {
			a.desired, elsewhere[a.Name] = netip.Addr{}, " at another address: "+why
		}
		if a.startOrder = a.desired; a.startOrder.IsValid() {
			taken[a.startOrder] = a.Name
		}
	}
	for address, holder := range t.users {
		if !slices.ContainsFunc(stopping, func(a nodeAddress) bool { return a.Name == holder }) {
			taken[address] = holder
		}
	}
	for i := range addresses {
		if a := &addresses[i]; !a.startOrder.IsValid() {
			a.startOrder = t.nextFreeIP(taken, a.ipv6)
			taken[a.startOrder] = a.Name
		}
	}
	slices.SortStableFunc(addresses, func(a, b nodeAddress) int { return a.startOrder.Compare(b.startOrder) })
	return elsewhere, nil
}

// nextFreeIP is the lowest address of an IP family that is not taken; none when all
// are, or the network has none.
func (t networkState) nextFreeIP(taken map[netip.Addr]string, six bool) netip.Addr {
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
func (t networkState) denies(a nodeAddress, stopping []nodeAddress) (why string, err error) {
	holder, held := t.users[a.desired]
	held = held && holder != a.Name && !slices.ContainsFunc(stopping, func(other nodeAddress) bool { return other.Name == holder })
	inside := slices.ContainsFunc(t.subnets, func(subnet netip.Prefix) bool { return subnet.Contains(a.desired) })
	switch {
	case !a.desired.IsValid():
		return "", nil
	case held && a.pinned:
		return "", hint.AddressTaken.New(fmt.Sprintf("container %s has the address %s, where the other control planes expect %s", holder, a.desired, a.Name),
			"stop it, then start again: docker stop "+holder)
	case held:
		return fmt.Sprintf("%s has %s now", holder, a.desired), nil
	case !inside && a.pinned:
		return "", hint.AddressTaken.New(fmt.Sprintf("network %s no longer contains the address %s, where the other control planes expect %s", a.Network, a.desired, a.Name),
			fmt.Sprintf("once nothing else uses it, recreate it: docker network rm %s; docker network create %s %s", a.Network, subnetOf(a.desired), a.Network))
	case !inside:
		return fmt.Sprintf("network %s has no %s any more", a.Network, a.desired), nil
	}
	return "", nil
}
