package provider

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/network"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// published are ports of a container as Docker takes them.
type published struct {
	exposed network.PortSet
	bound   network.PortMap
}

// publish returns ports as kind publishes them (kind v0.33.0,
// pkg/cluster/internal/providers/docker/provision.go): 0 is a free port that stays the
// same over restarts, -1 any that Docker chooses. Free ports stay taken until all are chosen.
func publish(family v1alpha4.ClusterIPFamily, mappings ...v1alpha4.PortMapping) (published, error) {
	ports := published{network.PortSet{}, network.PortMap{}}
	everywhere := "0.0.0.0"
	if family == v1alpha4.IPv6Family {
		everywhere = "::"
	}
	for _, mapping := range mappings {
		protocol := strings.ToLower(cmp.Or(string(mapping.Protocol), "tcp"))
		port, err := network.ParsePort(fmt.Sprintf("%d/%s", mapping.ContainerPort, protocol))
		if err != nil {
			return published{}, err
		}
		listen := cmp.Or(mapping.ListenAddress, everywhere)
		address, err := netip.ParseAddr(listen)
		if err != nil {
			return published{}, fmt.Errorf("publish port %s: %w", port, err)
		}
		number, release, err := hostPort(mapping.HostPort, listen)
		if err != nil {
			return published{}, fmt.Errorf("publish port %s: %w", port, err)
		}
		defer release()
		ports.exposed[port] = struct{}{}
		ports.bound[port] = append(ports.bound[port], network.PortBinding{HostIP: address, HostPort: number})
	}
	return ports, nil
}

// hostPort is the port that is asked for, or for 0 one that is free, and taken until it is
// released; "" leaves the choice to Docker.
func hostPort(asked int32, address string) (port string, release func(), err error) {
	if asked != 0 {
		if asked > 0 {
			port = strconv.Itoa(int(asked))
		}
		return port, func() {}, nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", nil, err
	}
	_, port, err = net.SplitHostPort(listener.Addr().String())
	return port, func() { _ = listener.Close() }, err // Docker refuses a port that is still taken
}
