package provider

import (
	"fmt"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/constants"

	"github.com/kindctl/kindctl/internal/ports"
)

// PlannedNode is a container of a cluster that is going to be made.
type PlannedNode struct {
	Name string `json:"name"`
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role  string `json:"role"`
	Image string `json:"image"`
	// Ports of this host lead to the container: "127.0.0.1:8080 to 30080/TCP".
	Ports []string `json:"ports,omitempty"`
	// Mounts are files of this host that it sees: "/src at /dst".
	Mounts []string `json:"mounts,omitempty"`
}

// HasKubelet is that of the Node to be.
func (p PlannedNode) HasKubelet() bool { return (&Node{Role: p.Role}).HasKubelet() }

// PlannedNodes are the containers that Provision makes of a configuration: the nodes, and a
// load balancer from an image in front of several control planes.
func PlannedNodes(config *v1alpha4.Cluster, balancer string) (planned []PlannedNode) {
	counts := map[string]int{}
	name := func(role string) string {
		counts[role]++
		return NodeName(config.Name, role, counts[role])
	}
	for _, node := range config.Nodes {
		one := PlannedNode{Name: name(string(node.Role)), Role: string(node.Role), Image: node.Image}
		for _, port := range node.ExtraPortMappings {
			one.Ports = append(one.Ports, portMapping(port.ListenAddress, port.HostPort, port.ContainerPort, string(port.Protocol)))
		}
		for _, mount := range node.ExtraMounts {
			one.Mounts = append(one.Mounts, mount.HostPath+" at "+mount.ContainerPath)
		}
		planned = append(planned, one)
	}
	api := portMapping(config.Networking.APIServerAddress, config.Networking.APIServerPort, ports.APIServer, "TCP")
	if counts[constants.ControlPlaneNodeRoleValue] > 1 {
		const front = constants.ExternalLoadBalancerNodeRoleValue
		return append(planned, PlannedNode{Name: name(front), Role: front, Image: balancer, Ports: []string{api}})
	}
	for i := range planned {
		if planned[i].Role == constants.ControlPlaneNodeRoleValue {
			planned[i].Ports = append(planned[i].Ports, api)
		}
	}
	return planned
}

// portMapping says where a port of a container is on this host.
func portMapping(address string, host, container int32, protocol string) string {
	if host <= 0 {
		return fmt.Sprintf("a free port of %s to %d/%s", address, container, protocol)
	}
	return fmt.Sprintf("%s:%d to %d/%s", address, host, container, protocol)
}
