package provider

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	// addressFile is where kind's entrypoint keeps the address of a node's latest
	// start, to replace it in the node's files when it has another one.
	addressFile     = "/kind/old-ipv4"
	addressFileIPv6 = "/kind/old-ipv6"
	// peerCertificate names the address at which a member of etcd is known to the
	// others. kind's entrypoint does not change it.
	peerCertificate = "/etc/kubernetes/pki/etcd/peer.crt"
)

// nodeAddress is a node and the address that it is to have.
type nodeAddress struct {
	*Node
	// desired is the address that it had; none when it is unknown or does not matter.
	desired netip.Addr
	// pinned says that no other address will do: this is one of several members of
	// etcd, which know each other by address.
	pinned bool
	// startOrder is where Docker will put it if it is started in this order: the lowest
	// address first.
	startOrder netip.Addr
}

// wrong reports whether a pinned node runs at another address.
func (a nodeAddress) wrong() bool { return a.pinned && a.active() && a.address() != a.desired }

// detectIPFamily sets the IP family of the nodes' addresses: the one that etcd's members
// know each other by. It does not matter with an external etcd.
func detectIPFamily(ctx context.Context, nodes []*Node) error {
	for _, n := range nodes {
		if n.Role != constants.ControlPlaneNodeRoleValue {
			continue
		}
		address, err := n.certifiedAddress(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, each := range nodes {
			each.ipv6 = address.Is6()
		}
		return nil
	}
	return nil
}

// nodeAddresses finds out which addresses the nodes of a cluster had.
func nodeAddresses(ctx context.Context, nodes []*Node) ([]nodeAddress, error) {
	if err := detectIPFamily(ctx, nodes); err != nil {
		return nil, err
	}
	planes := 0
	for _, n := range nodes {
		if n.Role == constants.ControlPlaneNodeRoleValue {
			planes++
		}
	}
	found := make([]nodeAddress, 0, len(nodes))
	for _, n := range nodes {
		a := nodeAddress{Node: n, pinned: planes > 1 && n.Role == constants.ControlPlaneNodeRoleValue}
		var err error
		switch {
		case a.pinned:
			a.desired, err = n.certifiedAddress(ctx)
			if errors.Is(err, fs.ErrNotExist) { // it was never finished
				a.pinned = false
				a.desired, err = n.lastAddress(ctx)
			}
		default:
			a.desired, err = n.lastAddress(ctx)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, a)
	}
	return found, nil
}

// lastAddress is the address that a node has, or had when it last ran.
func (n *Node) lastAddress(ctx context.Context) (netip.Addr, error) {
	if n.active() {
		return n.address(), nil
	}
	file := addressFile
	if n.ipv6 {
		file = addressFileIPv6
	}
	data, err := n.ReadFile(ctx, file)
	if errors.Is(err, fs.ErrNotExist) { // the load balancer has no such file
		return n.fixed(), nil
	}
	if err != nil {
		return netip.Addr{}, err
	}
	if address, err := netip.ParseAddr(strings.TrimSpace(string(data))); err == nil {
		return address, nil
	}
	return n.fixed(), nil // a node that was never up has an empty file
}

// certifiedAddress is the address that the other members of etcd expect.
func (n *Node) certifiedAddress(ctx context.Context) (netip.Addr, error) {
	data, err := n.ReadFile(ctx, peerCertificate)
	if err != nil {
		return netip.Addr{}, err
	}
	return addressIn(data, n.Name)
}

// addressIn returns the one address in a certificate that is not a loopback.
func addressIn(data []byte, name string) (netip.Addr, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return netip.Addr{}, fmt.Errorf("%s in %s is no certificate", peerCertificate, name)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s in %s: %w", peerCertificate, name, err)
	}
	for _, ip := range certificate.IPAddresses {
		if address, ok := netip.AddrFromSlice(ip); ok && !address.Unmap().IsLoopback() {
			return address.Unmap(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s in %s has no address", peerCertificate, name)
}

// fixAddress has Docker give a stopped container an address at every start, or with
// the zero address any. Where the network cannot, nothing is changed: Docker gives
// fixed addresses only in subnets that were chosen when the network was made.
func (n *Node) fixAddress(ctx context.Context, networkID string, address netip.Addr) error {
	connected := n.endpoint != nil && n.endpoint.NetworkID == networkID
	if connected && n.fixedTo(address) {
		return nil
	}
	// A container without its network starts and is of no use: whatever ends the
	// context, it gets one back.
	ctx = context.WithoutCancel(ctx)
	if connected && address.IsValid() {
		// Docker checks the address first, and then finds the container connected.
		if err := n.connect(ctx, address); noFixedAddress(err) {
			return nil
		}
	}
	if n.endpoint != nil {
		if _, err := n.docker.api.NetworkDisconnect(ctx, n.Network, client.NetworkDisconnectOptions{Container: n.Name, Force: true}); err != nil {
			return fmt.Errorf("disconnect %s from network %s: %w", n.Name, n.Network, err)
		}
	}
	err := n.connect(ctx, address)
	if err == nil {
		return nil
	}
	again := n.connect(ctx, netip.Addr{})
	if noFixedAddress(err) {
		return again
	}
	return errors.Join(err, again)
}

func (n *Node) connect(ctx context.Context, address netip.Addr) error {
	settings := &network.EndpointSettings{}
	if n.endpoint != nil {
		settings.Aliases, settings.Links = n.endpoint.Aliases, n.endpoint.Links
		settings.DriverOpts, settings.GwPriority = n.endpoint.DriverOpts, n.endpoint.GwPriority
	}
	if address.IsValid() {
		fixed := endpointConfig(address)
		settings.IPAMConfig = &fixed
	}
	options := client.NetworkConnectOptions{Container: n.Name, EndpointConfig: settings}
	if _, err := n.docker.api.NetworkConnect(ctx, n.Network, options); err != nil {
		return fmt.Errorf("connect %s to network %s: %w", n.Name, n.Network, err)
	}
	return nil
}

// endpointConfig is what fixes an address, or with the zero address none.
func endpointConfig(address netip.Addr) network.EndpointIPAMConfig {
	if address.Is6() {
		return network.EndpointIPAMConfig{IPv6Address: address}
	}
	return network.EndpointIPAMConfig{IPv4Address: address}
}

// noFixedAddress recognizes Docker's refusal of a fixed address in a network
// whose subnet was not chosen by a user, or that does not have the address.
func noFixedAddress(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "user configured subnets") || strings.Contains(err.Error(), "no configured subnet"))
}

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
		return networkState{}, hint.NetworkMissing.New(fmt.Sprintf("the network %s, which %s was on, is gone", a.Network, a.Name),
			"make it again, then start: "+command+a.Network)
	}
	if err != nil {
		return networkState{}, fmt.Errorf("inspect network %s: %w", a.Network, err)
	}
	return stateOf(inspected.Network), nil
}

func stateOf(inspected network.Inspect) networkState {
	found := networkState{id: inspected.ID, users: map[netip.Addr]string{}}
	for _, config := range inspected.IPAM.Config {
		gateway := config.Gateway
		if !gateway.IsValid() { // Docker takes the first, and does not always say so
			gateway = config.Subnet.Masked().Addr().Next()
		}
		found.subnets, found.gateways = append(found.subnets, config.Subnet), append(found.gateways, gateway)
	}
	for _, container := range inspected.Containers {
		for _, address := range []netip.Prefix{container.IPv4Address, container.IPv6Address} {
			if address.IsValid() {
				found.users[address.Addr()] = container.Name
			}
		}
	}
	return found
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
		why, err := t.unavailable(*a, stopping)
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

// unavailable says why a container cannot have its address on this network any more.
// For one that cannot do without it is an error. What is about to be stopped is
// not in the way.
func (t networkState) unavailable(a nodeAddress, stopping []nodeAddress) (why string, err error) {
	holder, held := t.users[a.desired]
	held = held && holder != a.Name && !slices.ContainsFunc(stopping, func(other nodeAddress) bool { return other.Name == holder })
	inside := slices.ContainsFunc(t.subnets, func(subnet netip.Prefix) bool { return subnet.Contains(a.desired) })
	switch {
	case !a.desired.IsValid():
		return "", nil
	case held && a.pinned:
		return "", hint.AddressTaken.New(fmt.Sprintf("container %s has the address %s, where the other control planes expect %s",
			holder, a.desired, a.Name),
			"stop it, then start again: docker stop "+holder)
	case held:
		return fmt.Sprintf("%s has %s now", holder, a.desired), nil
	case !inside && a.pinned:
		return "", hint.AddressTaken.New(fmt.Sprintf("network %s no longer contains the address %s, where the other control planes expect %s",
			a.Network, a.desired, a.Name),
			fmt.Sprintf("once nothing else uses it, recreate it: docker network rm %s; docker network create %s %s",
				a.Network, subnetOf(a.desired), a.Network))
	case !inside:
		return fmt.Sprintf("network %s has no %s any more", a.Network, a.desired), nil
	}
	return "", nil
}
