// Package clusters describes clusters: profiles that come with kindctl, files
// that users write, what makes a description valid, and its translation into
// kind's own configuration.
package clusters

// APIVersion and Kind identify the configuration format.
const (
	APIVersion = group + "v1alpha1"
	Kind       = "Cluster"

	group = "kindctl.dev/" // of every version of the format
)

// Topology describes a cluster: how many nodes, which network, which service
// proxy. It is what a profile or a configuration file decodes to.
type Topology struct {
	APIVersion string `yaml:"apiVersion" json:"apiVersion"`
	Kind       string `yaml:"kind" json:"kind"`
	// Name is the cluster's name; its kubeconfig context is kind-NAME.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// ControlPlanes and Workers count the nodes.
	ControlPlanes int `yaml:"controlPlanes" json:"controlPlanes"`
	Workers       int `yaml:"workers" json:"workers"`
	// CNI is cilium, calico or none.
	CNI string `yaml:"cni" json:"cni"`
	// ProxyMode is iptables, nftables, ipvs, or none (no kube-proxy at all).
	ProxyMode string `yaml:"proxyMode" json:"proxyMode"`
	// PodSubnet and ServiceSubnet are IPv4 CIDRs.
	PodSubnet     string `yaml:"podSubnet" json:"podSubnet"`
	ServiceSubnet string `yaml:"serviceSubnet" json:"serviceSubnet"`
	// APIServerPort is the host port of the API server; 0 takes a free one.
	APIServerPort int `yaml:"apiServerPort,omitempty" json:"apiServerPort,omitempty"`

	// origin tells where a configuration file sets a field, as FILE:LINE.
	origin map[string]string
}

// Nodes is the number of nodes.
func (t Topology) Nodes() int { return t.ControlPlanes + t.Workers }

// The CNIs and proxy modes that a Topology can name.
var (
	CNIs       = []string{"cilium", "calico", "none"}
	ProxyModes = []string{"iptables", "nftables", "ipvs", "none"}
)
