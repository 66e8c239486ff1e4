package kindpatch

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/internal/ports"
)

// The objects that kind hands to kubeadm.
const (
	ClusterConfiguration   = "ClusterConfiguration"
	InitConfiguration      = "InitConfiguration"
	JoinConfiguration      = "JoinConfiguration"
	KubeletConfiguration   = "KubeletConfiguration"
	KubeProxyConfiguration = "KubeProxyConfiguration"
)

// Kinds are all of them.
var Kinds = []string{ClusterConfiguration, InitConfiguration, JoinConfiguration, KubeletConfiguration, KubeProxyConfiguration}

const (
	kubeadmGroup   = "kubeadm.k8s.io/"
	kubeletVersion = "kubelet.config.k8s.io/v1beta1"
	proxyVersion   = "kubeproxy.config.k8s.io/v1alpha1"
)

// The versions of kubeadm's configuration that kind writes.
const (
	V1Beta2 = "v1beta2"
	V1Beta3 = "v1beta3"
	V1Beta4 = "v1beta4"
)

// KubeadmVersion is the version of kubeadm's configuration that kind writes for a
// version of Kubernetes (kind v0.33.0, Config in pkg/cluster/internal/kubeadm); that
// of "" is the newest.
func KubeadmVersion(kubernetes string) string {
	switch minor := semver.MajorMinor(kubernetes); {
	case minor == "" || semver.Compare(minor, "v1.36") >= 0:
		return V1Beta4
	case semver.Compare(minor, "v1.23") >= 0:
		return V1Beta3
	}
	return V1Beta2
}

// Node is what kind writes kubeadm's configuration for.
type Node struct {
	// Name is that of the container and of the Kubernetes node.
	Name, Cluster string
	// First says that the node initializes the cluster; ControlPlane that it is one.
	First, ControlPlane bool
	// Kubernetes is the version of its image, "v1.37.2"; "" is the newest.
	Kubernetes string
	// PodSubnet and ServiceSubnet, ProxyMode and IPv6 (alone) are the cluster's.
	PodSubnet, ServiceSubnet, ProxyMode string
	IPv6                                bool
	// APIServerAddress is where this machine has the API server.
	APIServerAddress string
	FeatureGates     map[string]bool
	RuntimeConfig    map[string]string
}

// Documents are the objects that kubeadm reads on a node, by kind.
type Documents map[string]map[string]any

// apiVersion is the version in which kind writes an object of a kind.
func apiVersion(kind, kubeadm string) string {
	switch kind {
	case KubeletConfiguration:
		return kubeletVersion
	case KubeProxyConfiguration:
		return proxyVersion
	}
	return kubeadmGroup + kubeadm
}

// metadata is a part that kind gives to every object, and that kubeadm passes over
// with a warning. Patches that name the object, as guides have them, say the same.
const metadata = "metadata"

// Read are the documents without what no program reads.
func (d Documents) Read() Documents {
	read := Documents{}
	for kind, document := range d {
		read[kind] = maps.Clone(document)
		delete(read[kind], metadata)
	}
	return read
}

// address stands for that of a node, which has none before it is made (RFC 5737).
const address = "192.0.2.2"

// Documents are what kind writes for the node before any patch.
func (n Node) Documents() Documents {
	version := KubeadmVersion(n.Kubernetes)
	documents := Documents{
		ClusterConfiguration: n.cluster(),
		InitConfiguration: {
			"bootstrapTokens":  []any{map[string]any{"token": "abcdef.0123456789abcdef"}},
			"localAPIEndpoint": n.endpoint(),
			"nodeRegistration": n.registration(),
			"skipPhases":       n.skipped(),
		},
		JoinConfiguration: {
			"skipPhases":       []any{"preflight"},
			"nodeRegistration": n.registration(),
			"discovery": map[string]any{"bootstrapToken": map[string]any{
				"apiServerEndpoint": n.controlPlane(), "token": "abcdef.0123456789abcdef", "unsafeSkipCAVerification": true,
			}},
		},
		KubeletConfiguration: n.kubelet(),
	}
	if n.ControlPlane {
		documents[JoinConfiguration]["controlPlane"] = map[string]any{"localAPIEndpoint": n.endpoint()}
	}
	if n.ProxyMode != "none" {
		documents[KubeProxyConfiguration] = n.proxy()
	}
	for kind, document := range documents {
		document["apiVersion"], document["kind"] = apiVersion(kind, version), kind
		document[metadata] = map[string]any{"name": "config"}
	}
	return documents
}

func (n Node) cluster() map[string]any {
	api, controllers, scheduler := map[string]string{"runtime-config": n.runtimeConfig()}, map[string]string{"enable-hostpath-provisioner": "true"}, map[string]string{}
	if gates := n.gates(); gates != "" {
		api["feature-gates"], controllers["feature-gates"], scheduler["feature-gates"] = gates, gates, gates
	}
	if n.IPv6 {
		controllers["bind-address"], scheduler["bind-address"] = "::", "::1"
	}
	document := map[string]any{
		"clusterName":          n.Cluster,
		"controlPlaneEndpoint": n.controlPlane(),
		"apiServer":            map[string]any{"certSANs": []any{"localhost", n.APIServerAddress}, "extraArgs": n.arguments(api)},
		"controllerManager":    map[string]any{"extraArgs": n.arguments(controllers)},
		"scheduler":            map[string]any{"extraArgs": n.arguments(scheduler)},
		"networking":           map[string]any{"podSubnet": n.PodSubnet, "serviceSubnet": n.ServiceSubnet},
	}
	if n.Kubernetes != "" {
		document["kubernetesVersion"] = n.Kubernetes
	}
	return document
}

// skipped are phases that kind leaves out: it brings the images itself.
func (n Node) skipped() []any {
	if n.ProxyMode == "none" {
		return []any{"preflight", "addon/kube-proxy"}
	}
	return []any{"preflight"}
}

func (n Node) endpoint() map[string]any {
	return map[string]any{"advertiseAddress": address, "bindPort": int64(ports.APIServer)}
}

// controlPlane is where the first control plane's API server answers.
func (n Node) controlPlane() string {
	return fmt.Sprintf("%s-control-plane:%d", n.Cluster, ports.APIServer)
}

func (n Node) registration() map[string]any {
	return map[string]any{
		"criSocket":        "unix:///run/containerd/containerd.sock",
		"kubeletExtraArgs": n.arguments(map[string]string{"node-ip": address, "node-labels": "", "provider-id": "kind://docker/" + n.Cluster + "/" + n.Name}),
	}
}

func (n Node) kubelet() map[string]any {
	document := map[string]any{
		"cgroupDriver": "systemd", "cgroupRoot": "/kubelet", "failSwapOn": false, "imageGCHighThresholdPercent": int64(100),
		"evictionHard": map[string]any{"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
	}
	if n.IPv6 {
		document["address"], document["healthzBindAddress"] = "::", "::"
	}
	if len(n.FeatureGates) > 0 {
		document["featureGates"] = switches(n.FeatureGates)
	}
	return document
}

func (n Node) proxy() map[string]any {
	conntrack := map[string]any{"maxPerCore": int64(0)}
	if n.ProxyMode == "nftables" {
		conntrack["tcpBeLiberal"] = true
	}
	document := map[string]any{"mode": n.ProxyMode, "iptables": map[string]any{"minSyncPeriod": "1s"}, "conntrack": conntrack}
	if len(n.FeatureGates) > 0 {
		document["featureGates"] = switches(n.FeatureGates)
	}
	return document
}

func switches(gates map[string]bool) map[string]any {
	all := map[string]any{}
	for gate, on := range gates {
		all[gate] = on
	}
	return all
}

func (n Node) gates() string {
	var words []string
	for _, gate := range slices.Sorted(maps.Keys(n.FeatureGates)) {
		words = append(words, gate+"="+strconv.FormatBool(n.FeatureGates[gate]))
	}
	return strings.Join(words, ",")
}

func (n Node) runtimeConfig() string {
	var words []string
	for _, api := range slices.Sorted(maps.Keys(n.RuntimeConfig)) {
		words = append(words, api+"="+n.RuntimeConfig[api])
	}
	return strings.Join(words, ",")
}

// arguments are a list since v1beta4, and a map before.
func (n Node) arguments(values map[string]string) any {
	if KubeadmVersion(n.Kubernetes) == V1Beta4 {
		list := []any{}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			list = append(list, map[string]any{"name": name, "value": values[name]})
		}
		return list
	}
	all := map[string]any{}
	for name, value := range values {
		all[name] = value
	}
	return all
}
