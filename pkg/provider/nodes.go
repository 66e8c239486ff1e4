package provider

import (
	"slices"
	"strings"

	"sigs.k8s.io/kind/pkg/cluster/constants"
)

// List returns the names of all kind clusters, kindctl's and others.
func (d *Docker) List() ([]string, error) {
	names, err := silent().List()
	slices.Sort(names)
	return names, err
}

// Node is one container of a cluster.
type Node struct {
	Name string `json:"name"`
	// Role is control-plane, worker, external-load-balancer or external-etcd.
	Role string `json:"role"`
	// Address is the IPv4 address on the clusters' network.
	Address string `json:"address"`
}

// IsKubernetes tells nodes of the cluster from the load balancer in front and from
// members of an external etcd.
func (n Node) IsKubernetes() bool {
	return n.Role == constants.ControlPlaneNodeRoleValue || n.Role == constants.WorkerNodeRoleValue
}

// Nodes returns a cluster's containers, sorted by name; none is no cluster.
func (d *Docker) Nodes(name string) ([]Node, error) {
	listed, err := silent().ListNodes(name)
	if err != nil {
		return nil, err
	}
	found := make([]Node, 0, len(listed))
	for _, n := range listed {
		role, err := n.Role()
		if err != nil {
			return nil, err
		}
		address, _, err := n.IP()
		if err != nil {
			return nil, err
		}
		found = append(found, Node{Name: n.String(), Role: role, Address: address})
	}
	slices.SortFunc(found, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}
