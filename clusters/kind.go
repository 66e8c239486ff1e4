package clusters

import (
	"cmp"
	"strconv"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// NodeSettings is what the host adds to a Topology.
type NodeSettings struct {
	// Image is the node image.
	Image string
	// CgroupV1 says that the host has cgroup version 1.
	CgroupV1 bool
	// CPUs and MemoryBytes are what the machine has, and every kubelet sees.
	CPUs        int
	MemoryBytes int64
	// Versions are those of Kubernetes, by node image, where they are known; "" is
	// Image.
	Versions map[string]string
}

// renderer makes the configuration of nodes from a Topology and what the host adds.
type renderer struct {
	Topology
	settings NodeSettings
}

// kubeletOnCgroupV1 lets the kubelet start on a cgroup v1 host, which it
// refuses by default since Kubernetes 1.35.
const kubeletOnCgroupV1 = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
`

// KindConfig translates the Topology into kind's configuration. The default
// CNI is always off: kindctl installs the CNI itself, or the user does. The
// user's own patches come after kindctl's.
func (t Topology) KindConfig(settings NodeSettings) *v1alpha4.Cluster {
	config := &v1alpha4.Cluster{}
	if t.Raw != nil {
		config = t.Raw.DeepCopy()
	}
	config.TypeMeta = v1alpha4.TypeMeta{APIVersion: kindVersion, Kind: "Cluster"}
	config.Name, config.FeatureGates = t.Name, t.FeatureGates
	net := &config.Networking
	net.DisableDefaultCNI = true
	net.KubeProxyMode = v1alpha4.ProxyMode(t.ProxyMode)
	net.IPFamily = v1alpha4.ClusterIPFamily(t.IPFamily)
	net.PodSubnet, net.ServiceSubnet = t.Pods(), t.Services()
	net.APIServerPort = cmp.Or(int32(t.APIServerPort), net.APIServerPort) //nolint:gosec // validated to be a port
	for api, on := range t.RuntimeConfig {
		if config.RuntimeConfig == nil {
			config.RuntimeConfig = map[string]string{}
		}
		config.RuntimeConfig[api] = strconv.FormatBool(on)
	}
	r := renderer{t, settings}
	r.translate(config)
	config.KubeadmConfigPatches = append(r.ownPatches(), config.KubeadmConfigPatches...)
	config.Nodes = nil
	for _, node := range t.Each() {
		config.Nodes = append(config.Nodes, r.kindNode(node))
	}
	v1alpha4.SetDefaultsCluster(config)
	return config
}

// ownPatches are kindctl's patches of kubeadm's configuration for all nodes.
func (r renderer) ownPatches() (patches []string) {
	if !r.Production() {
		patches = append(patches, r.speedUp()...)
	}
	if r.ExternalEtcd() {
		patches = append(patches, r.externalEtcd())
	}
	if r.settings.CgroupV1 {
		patches = append(patches, kubeletOnCgroupV1)
	}
	return patches
}

func (r renderer) kindNode(node Node) v1alpha4.Node {
	rest, _ := r.kindNodeOf(node)
	kinds := *rest.DeepCopy()
	r.translatedFor(r.nodePatches(node), []Node{node}).into(&kinds.KubeadmConfigPatches, &kinds.KubeadmConfigPatchesJSON6902)
	if node.isFirst() && r.Patched() {
		for _, one := range r.rendered(node).kept {
			kinds.KubeadmConfigPatches = append(kinds.KubeadmConfigPatches, one.patch())
		}
	}
	kinds.Role = v1alpha4.NodeRole(node.Role)
	kinds.Image = cmp.Or(kinds.Image, r.settings.Image)
	for _, p := range node.Ports {
		kinds.ExtraPortMappings = append(kinds.ExtraPortMappings, v1alpha4.PortMapping{
			ContainerPort: int32(p.ContainerPort), HostPort: int32(p.HostPort), //nolint:gosec // validated to be ports
			ListenAddress: p.Address(), Protocol: v1alpha4.PortMappingProtocol(p.Proto()),
		})
	}
	for _, m := range node.Mounts {
		if m.isKinds() {
			continue
		}
		kinds.ExtraMounts = append(kinds.ExtraMounts, v1alpha4.Mount{
			HostPath: m.HostPath, ContainerPath: m.ContainerPath, Readonly: m.ReadOnly,
			Propagation: v1alpha4.MountPropagation(m.Propagation), SelinuxRelabel: m.SELinuxRelabel,
		})
	}
	kinds.KubeadmConfigPatches = append(registration(node, r.settings), kinds.KubeadmConfigPatches...)
	return kinds
}
