package clusters

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
)

// The roles of nodes, as kind names them.
const (
	ControlPlane = "control-plane"
	Worker       = "worker"
)

// Group is a number of nodes that are alike.
type Group struct {
	// Role is ControlPlane or Worker.
	Role string `yaml:"role"`
	// Count is how many nodes there are; at least 1.
	Count int `yaml:"count"`
	// Labels are given to the nodes in Kubernetes.
	Labels map[string]string `yaml:"labels,omitempty"`
	// Taints are KEY[=VALUE]:EFFECT. Control planes have their own besides.
	Taints []string `yaml:"taints,omitempty"`
	// Ports of the node are reached on this machine.
	Ports []Port `yaml:"ports,omitempty"`
	// Mounts show files of this machine in the node.
	Mounts []Mount `yaml:"mounts,omitempty"`
	// CPUs and Memory are Kubernetes quantities, such as "1.5" and "2Gi", that
	// the node may use at most; "" is all there is.
	CPUs   string `yaml:"cpus,omitempty"`
	Memory string `yaml:"memory,omitempty"`
}

// Port is a port of a node that is published on this machine.
type Port struct {
	ContainerPort int `yaml:"containerPort"`
	// HostPort is 0 for any that is free.
	HostPort int `yaml:"hostPort,omitempty"`
	// ListenAddress is this machine's address; "" is 127.0.0.1.
	ListenAddress string `yaml:"listenAddress,omitempty"`
	// Protocol is TCP, UDP or SCTP; "" is TCP.
	Protocol string `yaml:"protocol,omitempty"`
}

// Mount is a file or folder of this machine that a node sees.
type Mount struct {
	HostPath      string `yaml:"hostPath"`
	ContainerPath string `yaml:"containerPath"`
	ReadOnly      bool   `yaml:"readOnly,omitempty"`
	// Propagation of further mounts beneath is None, HostToContainer or
	// Bidirectional; "" is None.
	Propagation string `yaml:"propagation,omitempty"`
	// SELinuxRelabel gives the files a label that the node may read.
	SELinuxRelabel bool `yaml:"selinuxRelabel,omitempty"`
}

// Address is where the port listens.
func (p Port) Address() string { return cmp.Or(p.ListenAddress, "127.0.0.1") }

// Proto is the protocol in use.
func (p Port) Proto() string { return cmp.Or(p.Protocol, "TCP") }

// Node is one node of a Topology.
type Node struct {
	// Name is that of the container and of the Kubernetes node.
	Name string
	// Group is what the node is like; its Count is 1.
	Group

	path    string // of the group in the configuration
	ordinal int    // among those of its role, from 0
}

// isFirst reports whether the node initializes the cluster, which the others join.
func (n Node) isFirst() bool { return n.Role == ControlPlane && n.ordinal == 0 }

// WithNodes returns the Topology with these nodes.
func (t Topology) WithNodes(groups ...Group) Topology {
	t.Groups, t.ControlPlanes, t.Workers = groups, count(groups, ControlPlane), count(groups, Worker)
	return t
}

func count(groups []Group, role string) (n int) {
	for _, g := range groups {
		if g.Role == role {
			n += g.Count
		}
	}
	return n
}

// Each returns the nodes one by one: control planes, then workers.
func (t Topology) Each() (nodes []Node) {
	groups := t.Groups
	if len(groups) == 0 {
		groups = []Group{{Role: ControlPlane, Count: t.ControlPlanes}, {Role: Worker, Count: t.Workers}}
	}
	for _, role := range []string{ControlPlane, Worker} {
		ordinal := 0
		for i, g := range groups {
			if g.Role != role {
				continue
			}
			for range g.Count {
				node := Node{Name: nodeName(t.Name, role, ordinal), Group: g, path: fmt.Sprintf("nodes[%d]", i), ordinal: ordinal}
				node.Count = 1
				nodes = append(nodes, node)
				ordinal++
			}
		}
	}
	return nodes
}

// nodeName is what kind calls a node (kind v0.33.0, MakeNodeNamer in
// pkg/cluster/internal/providers/common).
func nodeName(cluster, role string, ordinal int) string {
	if ordinal == 0 {
		return cluster + "-" + role
	}
	return fmt.Sprintf("%s-%s%d", cluster, role, ordinal+1)
}

// plain reports whether nodes are nothing but nodes of a role.
func plain(groups []Group) bool {
	return !slices.ContainsFunc(groups, func(g Group) bool {
		return !slices.Contains(roles, g.Role) || !reflect.DeepEqual(g, Group{Role: g.Role, Count: g.Count})
	})
}
