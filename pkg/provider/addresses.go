package provider

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/cluster/constants"
)

const (
	// lastAddress is where kind's entrypoint keeps the address of a node's latest
	// start, to replace it in the node's files when it has another one.
	lastAddress    = "/kind/old-ipv4"
	lastAddressSix = "/kind/old-ipv6"
	// peerCertificate names the address at which a member of etcd is known to the
	// others. kind's entrypoint does not change it.
	peerCertificate = "/etc/kubernetes/pki/etcd/peer.crt"
)

// place is a container and the address that it is to have.
type place struct {
	*member
	// proper is the address that it had; none when nobody knows or cares.
	proper netip.Addr
	// bound says that no other address will do: this is one of several members of
	// etcd, which know each other by address.
	bound bool
	// turn is where Docker will put it if it is started in this order: the lowest
	// address first.
	turn netip.Addr
}

// astray tells whether it runs where it must not.
func (p place) astray() bool { return p.bound && p.running() && p.address() != p.proper }

// recognize has the containers of a cluster speak of their addresses of the IP
// family that etcd's members know each other by. Clusters with etcd apart do not
// care.
func (d *Docker) recognize(ctx context.Context, members []*member) error {
	for _, m := range members {
		if m.role != constants.ControlPlaneNodeRoleValue {
			continue
		}
		address, err := d.certified(ctx, m)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, each := range members {
			each.six = address.Is6()
		}
		return nil
	}
	return nil
}

// places finds out which addresses the containers of a cluster had.
func (d *Docker) places(ctx context.Context, members []*member) ([]place, error) {
	if err := d.recognize(ctx, members); err != nil {
		return nil, err
	}
	planes := 0
	for _, m := range members {
		if m.role == constants.ControlPlaneNodeRoleValue {
			planes++
		}
	}
	found := make([]place, 0, len(members))
	for _, m := range members {
		p := place{member: m, bound: planes > 1 && m.role == constants.ControlPlaneNodeRoleValue}
		var err error
		switch {
		case p.bound:
			p.proper, err = d.certified(ctx, m)
			if errors.Is(err, fs.ErrNotExist) { // it was never finished
				p.bound = false
				p.proper, err = d.latest(ctx, m)
			}
		default:
			p.proper, err = d.latest(ctx, m)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// latest is the address that a container has, or had when it last ran.
func (d *Docker) latest(ctx context.Context, m *member) (netip.Addr, error) {
	if m.running() {
		return m.address(), nil
	}
	file := lastAddress
	if m.six {
		file = lastAddressSix
	}
	data, err := d.ReadFile(ctx, m.id, file)
	if errors.Is(err, fs.ErrNotExist) { // the load balancer has no such file
		return m.fixed(), nil
	}
	if err != nil {
		return netip.Addr{}, err
	}
	if address, err := netip.ParseAddr(strings.TrimSpace(string(data))); err == nil {
		return address, nil
	}
	return m.fixed(), nil // a node that was never up has an empty file
}

// certified is the address that the other members of etcd expect.
func (d *Docker) certified(ctx context.Context, m *member) (netip.Addr, error) {
	data, err := d.ReadFile(ctx, m.id, peerCertificate)
	if err != nil {
		return netip.Addr{}, err
	}
	return addressIn(data, m.name)
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

// keep has Docker give a stopped container an address at every start, or with
// the zero address any. It returns false when the network cannot: Docker gives
// fixed addresses only in subnets that were chosen when the network was made.
func (d *Docker) keep(ctx context.Context, m *member, networkID string, address netip.Addr) (bool, error) {
	connected := m.endpoint != nil && m.endpoint.NetworkID == networkID
	if connected && m.fixedTo(address) {
		return true, nil
	}
	// A container without its network starts and is of no use: whatever ends the
	// context, it gets one back.
	ctx = context.WithoutCancel(ctx)
	if connected && address.IsValid() {
		// Docker judges the address first, and then finds the container connected.
		if err := d.connect(ctx, m, address); noFixedAddress(err) {
			return false, nil
		}
	}
	if m.endpoint != nil {
		if _, err := d.api.NetworkDisconnect(ctx, m.network, client.NetworkDisconnectOptions{Container: m.id, Force: true}); err != nil {
			return false, fmt.Errorf("disconnect %s from network %s: %w", m.name, m.network, err)
		}
	}
	err := d.connect(ctx, m, address)
	if err == nil {
		return true, nil
	}
	again := d.connect(ctx, m, netip.Addr{})
	if noFixedAddress(err) {
		return false, again
	}
	return false, errors.Join(err, again)
}

func (d *Docker) connect(ctx context.Context, m *member, address netip.Addr) error {
	settings := &network.EndpointSettings{}
	if m.endpoint != nil {
		settings.Aliases, settings.Links = m.endpoint.Aliases, m.endpoint.Links
		settings.DriverOpts, settings.GwPriority = m.endpoint.DriverOpts, m.endpoint.GwPriority
	}
	if address.IsValid() {
		fixed := fixing(address)
		settings.IPAMConfig = &fixed
	}
	if _, err := d.api.NetworkConnect(ctx, m.network, client.NetworkConnectOptions{Container: m.id, EndpointConfig: settings}); err != nil {
		return fmt.Errorf("connect %s to network %s: %w", m.name, m.network, err)
	}
	return nil
}

// fixing is what fixes an address, or with the zero address none.
func fixing(address netip.Addr) network.EndpointIPAMConfig {
	if address.Is6() {
		return network.EndpointIPAMConfig{IPv6Address: address}
	}
	return network.EndpointIPAMConfig{IPv4Address: address}
}

// noFixedAddress recognizes Docker's refusal of a fixed address in a network
// whose subnet nobody chose, or that does not have the address.
func noFixedAddress(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "user configured subnets") || strings.Contains(err.Error(), "no configured subnet"))
}
