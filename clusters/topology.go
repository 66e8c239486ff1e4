// Package clusters describes clusters: profiles that come with kindctl, files
// that users write, what makes a description valid, and its translation into
// kind's own configuration.
//
// It knows the CNIs that are registered in package clusters/cni. Programs that import
// pkg/kindctl have kindctl's; others register them by importing package addons.
package clusters

import (
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/releases"
)

// APIVersion and Kind identify the configuration format.
const (
	APIVersion = group + "v1alpha1"
	Kind       = "Cluster"

	group = "kindctl.dev/" // of every version of the format
)

// Topology describes a cluster: which nodes, which network, which service
// proxy. It is what a profile or a configuration file decodes to.
type Topology struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	// Name is the cluster's name; its kubeconfig context is kind-NAME.
	Name string `yaml:"name,omitempty"`
	// ControlPlanes and Workers count the nodes.
	ControlPlanes int `yaml:"controlPlanes"`
	Workers       int `yaml:"workers"`
	// Groups describe nodes that differ from each other; nil when they do not.
	// ControlPlanes and Workers count them: see WithNodes.
	Groups []Group `yaml:"nodes,omitempty"`
	// Etcd is stacked, on the control planes, or external, in containers of its own;
	// "" is stacked, unless EtcdMembers counts some.
	Etcd string `yaml:"etcd,omitempty"`
	// EtcdMembers counts those of an external etcd; 0 is DefaultEtcdMembers.
	EtcdMembers int `yaml:"etcdMembers,omitempty"`
	// AllowEvenEtcd lets EtcdMembers be even.
	AllowEvenEtcd bool `yaml:"allowEvenEtcd,omitempty"`
	// CNI is one of CNIs.
	CNI string `yaml:"cni"`
	// ProxyMode is iptables, nftables, ipvs, or none (no kube-proxy at all).
	ProxyMode string `yaml:"proxyMode"`
	// IPFamily is ipv4, ipv6 or dual; "" is ipv4.
	IPFamily string `yaml:"ipFamily,omitempty"`
	// PodSubnet and ServiceSubnet are a CIDR of each IP family, with a comma between;
	// "" leaves them to the families: see Pods and Services.
	PodSubnet     string `yaml:"podSubnet,omitempty"`
	ServiceSubnet string `yaml:"serviceSubnet,omitempty"`
	// APIServerPort is the host port of the API server; 0 takes a free one.
	APIServerPort int `yaml:"apiServerPort,omitempty"`
	// KubernetesVersion is what users write, such as 1.36: see Kubernetes.
	KubernetesVersion string `yaml:"kubernetesVersion,omitempty"`
	// Image is the node image, or "" for one that kindctl finds.
	Image string `yaml:"image,omitempty"`
	// Network is the Docker network of the nodes, or "" for kind's.
	Network string `yaml:"network,omitempty"`
	// Fidelity is fast or production; "" is fast.
	Fidelity string `yaml:"fidelity,omitempty"`
	// TTL is how long the cluster is wanted; 0 is for as long as no one removes it.
	TTL time.Duration `yaml:"ttl,omitempty"`
	// FeatureGates are Kubernetes' own, on or off in every component.
	FeatureGates map[string]bool `yaml:"featureGates,omitempty"`
	// RuntimeConfig turns APIs of the API server on or off, such as "api/alpha".
	RuntimeConfig map[string]bool `yaml:"runtimeConfig,omitempty"`
	// Manifests are applied, one after the other, once the CNI works.
	Manifests []Manifest `yaml:"manifests,omitempty"`
	// CNISettings are settings of CNIs, by their names, which a file has as fields.
	CNISettings map[string]cni.Settings `yaml:"-"`
	// Raw is kind's own configuration, for what has no field here; nil is none.
	// Its nodes belong, by role, to the nodes of this Topology in their order.
	Raw *v1alpha4.Cluster `yaml:"kindConfig,omitempty"`

	// origins say where values come from, by path: "nodes[1].ports[0]".
	origins origins
	// notes are what the reader of a file should know, though nothing is wrong.
	notes []string
	// adopted says that a whole file of kind's was read, and base is the folder in
	// which the relative paths of a file begin.
	adopted bool
	base    string
}

// Kubernetes is the version of Kubernetes that is wanted, with all its numbers;
// "" is any.
func (t Topology) Kubernetes() string {
	version, err := releases.Resolve(t.KubernetesVersion)
	if err != nil {
		return "" // nothing is asked for, or Validate refuses it
	}
	return version
}

// Nodes is the number of nodes.
func (t Topology) Nodes() int { return t.ControlPlanes + t.Workers }

// CNIs are those that a Topology can name: the registered ones and none.
func CNIs() []string { return cni.Names() }

// ProxyModes are those that a Topology can name.
var ProxyModes = []string{"iptables", "nftables", "ipvs", "none"}
