package clusters

import (
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// NodeSettings is what the host adds to a Topology.
type NodeSettings struct {
	// Image is the node image.
	Image string
	// CgroupV1 says that the host has cgroup version 1.
	CgroupV1 bool
}

// kubeletOnCgroupV1 lets the kubelet start on a cgroup v1 host, which it
// refuses by default since Kubernetes 1.35.
const kubeletOnCgroupV1 = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
`

// KindConfig translates the Topology into kind's configuration. The default
// CNI is always off: kindctl installs the CNI itself, or the user does.
func (t Topology) KindConfig(settings NodeSettings) *v1alpha4.Cluster {
	config := &v1alpha4.Cluster{
		TypeMeta: v1alpha4.TypeMeta{APIVersion: "kind.x-k8s.io/v1alpha4", Kind: "Cluster"},
		Name:     t.Name,
		Networking: v1alpha4.Networking{
			DisableDefaultCNI: true,
			KubeProxyMode:     v1alpha4.ProxyMode(t.ProxyMode),
			PodSubnet:         t.PodSubnet,
			ServiceSubnet:     t.ServiceSubnet,
			APIServerPort:     int32(t.APIServerPort), //nolint:gosec // validated to be a port
		},
	}
	if settings.CgroupV1 {
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, kubeletOnCgroupV1)
	}
	for range t.ControlPlanes {
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: v1alpha4.ControlPlaneRole, Image: settings.Image})
	}
	for range t.Workers {
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: v1alpha4.WorkerRole, Image: settings.Image})
	}
	v1alpha4.SetDefaultsCluster(config)
	return config
}
