package clusters

import (
	"reflect"
	"strings"
	"testing"
)

func topologyOf(t *testing.T, text string) Topology {
	t.Helper()
	topology, err := Decode([]byte(text), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if topology.Name == "" {
		topology.Name = "lab"
	}
	return topology
}

func TestRequests(t *testing.T) {
	topology := topologyOf(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs:
      event-ttl: 17m
    certSANs: [lab.example.com]
  networking: {dnsDomain: lab.internal}
  ---
  kind: KubeletConfiguration
  maxPods: 60
  evictionHard:
    memory.available: 100Mi
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs: {event-ttl: 18m}
containerdConfigPatches:
- |
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
nodes:
- role: control-plane
- role: worker
- role: worker
  kubeadmConfigPatches:
  - |
    kind: JoinConfiguration
    nodeRegistration:
      kubeletExtraArgs:
        max-pods: "25"
`)
	want := []Request{
		{"", "kubeadm", "apiServer.certSANs", []any{"localhost", "127.0.0.1", "lab.example.com"}, "lab.yaml:9"},
		{"", "kube-apiserver", "--event-ttl", "18m", "lab.yaml:19"},
		{"", "kubeadm", "networking.dnsDomain", "lab.internal", "lab.yaml:10"},
		{"", "kubelet", `evictionHard."memory.available"`, "100Mi", "lab.yaml:15"},
		{"", "kubelet", "maxPods", float64(60), "lab.yaml:13"},
		{"lab-worker2", "kubelet", "--max-pods", "25", "lab.yaml:33"},
		{"", "containerd", `plugins."io.containerd.grpc.v1.cri".registry.config_path`, "/etc/containerd/certs.d", "lab.yaml:21"},
	}
	got := topology.Requests(NodeSettings{CgroupV1: true})
	if len(got) != len(want) {
		t.Fatalf("requests are %+v, want %d", got, len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("request %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestNothingIsRequestedWithoutPatches(t *testing.T) {
	topology := topologyOf(t, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {dnsSearch: [a.example]}\n")
	if got := topology.Requests(NodeSettings{CgroupV1: true, CPUs: 2}); len(got) > 0 {
		t.Errorf("requests are %+v, want none", got)
	}
}

func TestUntainted(t *testing.T) {
	const head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing is said":          {head + "- role: worker\n", nil},
		"no taints":                {head + "  kubeadmConfigPatches:\n  - '{kind: InitConfiguration, nodeRegistration: {taints: []}}'\n- role: worker\n", []string{"lab-control-plane"}},
		"another taint":            {head + "  kubeadmConfigPatches:\n  - '{kind: InitConfiguration, nodeRegistration: {taints: [{key: a, effect: NoSchedule}]}}'\n- role: worker\n", []string{"lab-control-plane"}},
		"its own taint":            {head + "  kubeadmConfigPatches:\n  - '{kind: InitConfiguration, nodeRegistration: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}}'\n- role: worker\n", nil},
		"control planes that join": {head + "- role: control-plane\n- role: control-plane\n- role: worker\nkubeadmConfigPatches:\n- '{kind: JoinConfiguration, nodeRegistration: {taints: []}}'\n", []string{"lab-control-plane2", "lab-control-plane3"}},
	} {
		if got := topologyOf(t, c.text).Untainted(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestOwnEtcdIsNotTheClusters(t *testing.T) {
	topology := topologyOf(t, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, etcd: {external: {endpoints: [\"http://a:2379\"]}}}']\n")
	if members := topology.Members(); members != 0 {
		t.Errorf("%d members of etcd are expected, want none", members)
	}
	for _, patch := range topology.KindConfig(NodeSettings{}).KubeadmConfigPatches {
		if strings.Contains(patch, "local") {
			t.Errorf("kind gets a patch of a local etcd beside the user's: %s", patch)
		}
	}
}
