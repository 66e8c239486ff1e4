package provider

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/internal/ports"
)

// Node is a container of a cluster, running or not. A Node that Cluster.Node returns has
// its name alone, which is enough for what is done in it.
type Node struct {
	Name string `json:"name"`
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role string `json:"role"`
	// Address is the IPv4 address on the clusters' network, "" while it does not run.
	Address string `json:"address"`
	// State is Docker's: created, running, paused, exited.
	State string `json:"-"`
	// Created is when Docker was asked to make it, and Started when it was started last,
	// zero while it does not run, by Docker's clock, which the node has too.
	Created time.Time `json:"-"`
	Started time.Time `json:"-"`
	// Image is the ID of its image, and ImageName what it was asked for by.
	Image     string `json:"-"`
	ImageName string `json:"-"`
	// Volumes are those that were made with it.
	Volumes []string `json:"-"`
	// Network is the one that it was put on.
	Network string `json:"-"`
	// APIPort is the port of the host that leads to its API server, or "".
	APIPort string `json:"-"`
	// Metadata is what kindctl has written into it, as an Inventory reads it; nil is none.
	Metadata *Metadata `json:"-"`

	docker  *Docker
	cluster string
	// endpoint is what Docker keeps of the connection to Network; nil when there is none
	// any more.
	endpoint *network.EndpointSettings
	policy   container.RestartPolicyMode
	// ipv6 says that its address is the one of IPv6: see detectIPFamily.
	ipv6 bool
	// published is where the host reaches the API server, or at the load balancer one of
	// them.
	published netip.AddrPort
	// desktop is the same, where Docker Desktop says so.
	desktop string
	id      string
	pid     int // of its first process, where Docker runs; 0 when it does not
}

// Running reports whether commands can be run in it.
func (n *Node) Running() bool { return n.State == string(container.StateRunning) }

// Paused reports whether it is paused, by "docker pause" or a save that was killed.
func (n *Node) Paused() bool { return n.State == string(container.StatePaused) }

// IsKubernetes distinguishes nodes of Kubernetes from the load balancer in front and from
// members of an external etcd.
func (n *Node) IsKubernetes() bool {
	return n.Role == constants.ControlPlaneNodeRoleValue || n.Role == constants.WorkerNodeRoleValue
}

// HasKubelet distinguishes nodes with a kubelet, which members of an external etcd have too,
// from the load balancer in front.
func (n *Node) HasKubelet() bool { return n.Role != constants.ExternalLoadBalancerNodeRoleValue }

// API is where this process reaches the node's own API server. Only control planes that
// run have one.
func (n *Node) API() (address netip.AddrPort, has bool) {
	if n.Role != constants.ControlPlaneNodeRoleValue || !n.published.IsValid() || !n.Running() {
		return netip.AddrPort{}, false
	}
	if InContainer() {
		return netip.AddrPortFrom(n.address(), ports.APIServer), true
	}
	return n.published, true
}

// active includes a container that is paused, which keeps its address.
func (n *Node) active() bool { return n.Running() || n.Paused() }

// address is the one it has now; none when it does not run.
func (n *Node) address() netip.Addr {
	switch {
	case n.endpoint == nil || !n.active():
		return netip.Addr{}
	case n.ipv6:
		return n.endpoint.GlobalIPv6Address
	}
	return n.endpoint.IPAddress
}

// Addresses are those that it has now on its network.
func (n *Node) Addresses() (found []netip.Addr) {
	if n.endpoint == nil || !n.active() {
		return nil
	}
	for _, address := range []netip.Addr{n.endpoint.IPAddress, n.endpoint.GlobalIPv6Address} {
		if address.IsValid() {
			found = append(found, address)
		}
	}
	return found
}

// fixed is the address that Docker gives it at every start, if it does.
func (n *Node) fixed() netip.Addr {
	switch {
	case n.endpoint == nil || n.endpoint.IPAMConfig == nil:
		return netip.Addr{}
	case n.ipv6:
		return n.endpoint.IPAMConfig.IPv6Address
	}
	return n.endpoint.IPAMConfig.IPv4Address
}

// fixedTo reports whether Docker gives it this address at every start, and none of
// another family.
func (n *Node) fixedTo(address netip.Addr) bool {
	var fixed network.EndpointIPAMConfig
	if n.endpoint.IPAMConfig != nil {
		fixed = *n.endpoint.IPAMConfig
	}
	want := endpointConfig(address)
	return fixed.IPv4Address == want.IPv4Address && fixed.IPv6Address == want.IPv6Address
}

// apiServerPort is ports.APIServer as Docker's type.
var apiServerPort = network.MustParsePort(fmt.Sprintf("%d/tcp", ports.APIServer))

// nodeOf reads what Docker says of a container.
func (d *Docker) nodeOf(c container.InspectResponse) (*Node, error) {
	n := &Node{docker: d, id: c.ID, Image: c.Image, Name: strings.TrimPrefix(c.Name, "/")}
	if c.Config == nil || c.HostConfig == nil || c.State == nil || c.NetworkSettings == nil {
		return nil, fmt.Errorf("container %s: Docker says too little of it", n.Name)
	}
	n.ImageName = c.Config.Image
	n.Role, n.cluster = c.Config.Labels[roleLabel], c.Config.Labels[clusterLabel]
	var err error
	if n.Created, err = time.Parse(time.RFC3339Nano, c.Created); err != nil {
		return nil, fmt.Errorf("container %s: %w", n.Name, err)
	}
	for _, mounted := range c.Mounts {
		if mounted.Type == mount.TypeVolume && anonymous.MatchString(mounted.Name) {
			n.Volumes = append(n.Volumes, mounted.Name)
		}
	}
	if bound := c.HostConfig.PortBindings[apiServerPort]; len(bound) > 0 {
		n.APIPort = bound[0].HostPort
	}
	n.State, n.pid = string(c.State.Status), c.State.Pid
	n.Network = string(c.HostConfig.NetworkMode)
	n.endpoint = c.NetworkSettings.Networks[n.Network]
	n.policy = c.HostConfig.RestartPolicy.Name
	if n.active() {
		if n.Started, err = time.Parse(time.RFC3339Nano, c.State.StartedAt); err != nil {
			return nil, fmt.Errorf("container %s: %w", n.Name, err)
		}
	}
	if four := n.address(); four.IsValid() {
		n.Address = four.String()
	}
	n.desktop = c.Config.Labels["desktop.docker.io/ports/"+apiServerPort.String()]
	if published := c.NetworkSettings.Ports[apiServerPort]; len(published) > 0 {
		if n.published, err = netip.ParseAddrPort(net.JoinHostPort(published[0].HostIP.String(), published[0].HostPort)); err != nil {
			return nil, fmt.Errorf("container %s: port %s: %w", n.Name, apiServerPort, err)
		}
	}
	return n, nil
}
