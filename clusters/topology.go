package clusters

// Version and Kind identify the configuration format.
const (
	APIVersion = "kindctl.dev/v1alpha1"
	Kind       = "Cluster"
)

// Topology describes a cluster: how many nodes, which network, which service
// proxy. It is what a profile or a configuration file decodes to.
type Topology struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Name is the cluster's name; its kubeconfig context is kind-NAME.
	Name string `json:"name,omitempty"`
	// ControlPlanes and Workers count the nodes.
	ControlPlanes int `json:"controlPlanes"`
	Workers       int `json:"workers"`
	// CNI is cilium, calico or none.
	CNI string `json:"cni"`
	// ProxyMode is iptables, nftables, ipvs, or none (no kube-proxy at all).
	ProxyMode string `json:"proxyMode"`
	// KubernetesVersion is the version of the node image, such as v1.37.2.
	KubernetesVersion string `json:"kubernetesVersion"`
	// PodSubnet and ServiceSubnet are IPv4 CIDRs.
	PodSubnet     string `json:"podSubnet"`
	ServiceSubnet string `json:"serviceSubnet"`
	// APIServerPort is the host port of the API server; 0 takes a free one.
	APIServerPort int `json:"apiServerPort,omitempty"`
}
