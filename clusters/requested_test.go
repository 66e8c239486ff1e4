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
		{"", "containerd", `plugins."io.containerd.grpc.v1.cri".registry.config_path`, "/etc/containerd/certs.d", "lab.yaml:23"},
	}
	wantRequests(t, topology.Requests(NodeSettings{CgroupV1: true}), want)
}

func wantRequests(t *testing.T, got, want []Request) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("requests are %+v, want %d", got, len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("request %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestContainerdRequests(t *testing.T) {
	topology := topologyOf(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
- |
  version = 2
  oom_score = 5
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."reg.example"]
    endpoint = ["http://reg:5000"]
  [proxy_plugins.a]
    type = "snapshot"
- |
  oom_score = 7
containerdConfigPatchesJSON6902:
- |
  - {op: add, path: /disabled_plugins/-, value: a}
  - {op: add, path: /disabled_plugins/-, value: b}
  - {op: replace, path: /proxy_plugins/a, value: {type: content, platform: linux/amd64}}
  - {op: remove, path: /plugins/io.containerd.grpc.v1.cri/containerd/snapshotter}
  - {op: test, path: /version, value: 2}
- '[{"op": "add", "path": "/timeouts/x~1y", "value": "2s"}]'
`)
	const cri = `plugins."io.containerd.grpc.v1.cri".`
	want := []Request{
		{"", "containerd", "oom_score", float64(7), "lab.yaml:14"},
		{"", "containerd", `"/etc/containerd/certs.d/reg.example/hosts.toml".host.http://reg:5000.capabilities`, []any{"pull", "resolve"}, "lab.yaml:9"},
		{"", "containerd", cri + "registry.config_path", "/etc/containerd/certs.d", "lab.yaml:9"},
		{"", "containerd", "disabled_plugins", []any{"a", "b"}, "lab.yaml:16"},
		{"", "containerd", "proxy_plugins.a.platform", "linux/amd64", "lab.yaml:16"},
		{"", "containerd", "proxy_plugins.a.type", "content", "lab.yaml:16"},
		{"", "containerd", `"/etc/containerd/config.toml".` + cri + "containerd.snapshotter", nil, "lab.yaml:16"},
		{"", "containerd", "timeouts.x/y", "2s", "lab.yaml:22"},
	}
	wantRequests(t, topology.Requests(NodeSettings{CgroupV1: true}), want)
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
