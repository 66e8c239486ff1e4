package clusters

import (
	"slices"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestReviewPatches(t *testing.T) {
	const head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
	const args = "  kind: ClusterConfiguration\n  apiServer:\n    extraArgs:\n"
	for _, c := range []struct {
		name, text   string
		warns, wants string // in a warning and in the error
	}{
		{"an older version", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n" + args + "      v: '4'\n",
			"lab.yaml:5: kind ClusterConfiguration of kubeadm v1beta3 is applied as v1beta4", ""},
		{"an older version beside today's", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n" + args + "      v: '4'\n- |\n  apiVersion: kubeadm.k8s.io/v1beta4\n" + args + "    - {name: v, value: '4'}\n", "", ""},
		{"an older version for an older image", head + "nodes:\n- image: kindest/node:v1.33.1\nkubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n" + args + "      v: '4'\n", "", ""},
		{"a field of the older version for it", head + "nodes:\n- image: kindest/node:v1.33.1\nkubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n  kind: ClusterConfiguration\n  apiServer: {timeoutForControlPlane: 9m}\n", "", ""},
		{"a field of the older version", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n  kind: ClusterConfiguration\n  apiServer: {timeoutForControlPlane: 9m}\n", "",
			"lab.yaml:7: ClusterConfiguration.apiServer has no field \"timeoutForControlPlane\"; write it as timeouts.controlPlaneComponentHealthCheck of kind InitConfiguration"},
		{"a newer version for an older image", head + "nodes:\n- image: kindest/node:v1.33.1\nkubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta4\n" + args + "    - {name: v, value: '4'}\n", "is applied as v1beta3", ""},
		{"a field of the newer version for it", head + "nodes:\n- image: kindest/node:v1.33.1\nkubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  proxy: {disabled: true}\n", "",
			"lab.yaml:8: proxy is a field of kubeadm v1beta4, and this Kubernetes is configured with v1beta3"},
		{"a list for an older image", head + "nodes:\n- image: kindest/node:v1.33.1\nkubeadmConfigPatches:\n- |\n" + args + "    - {name: v, value: '4'}\n", "applied in the form of kubeadm v1beta3", ""},
		{"a map of today's version", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta4\n" + args + "      v: '4'\n", "", "lab.yaml:9: extraArgs is a map, and kubeadm v1beta4 wants a list"},
		{"a number without quotes", head + "kubeadmConfigPatches:\n- |\n" + args + "      v: 4\n", "", `lab.yaml:8: v is 4 without quotes, and text is wanted: write "4"`},
		{"an item that is none", head + "kubeadmConfigPatches:\n- |\n" + args + "    - v: '4'\n", "", "lab.yaml:8: an item of extraArgs has no name and value"},
		{"an argument twice", head + "kubeadmConfigPatches:\n- |\n" + args + "    - {name: v, value: '4'}\n    - {name: v, value: '5'}\n", "", "lab.yaml:9: extraArgs names v twice"},
		{"a misspelled field", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  apiserver: {}\n", "", `lab.yaml:6: ClusterConfiguration has no field "apiserver" (did you mean "apiServer"?)`},
		{"a field of a part", head + "kubeadmConfigPatches:\n- |\n  kind: InitConfiguration\n  taints: []\n", "", `lab.yaml:6: InitConfiguration has no field "taints"; it is a field of nodeRegistration`},
		{"a field of several parts", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  extraArgs: []\n", "", `has no field "extraArgs"; it is a field of apiServer, controllerManager, etcd.local, scheduler`},
		{"the name of the object", head + "kubeadmConfigPatches:\n- |\n  metadata: {name: config}\n" + args + "      v: '4'\n", "", ""},
		{"gates beside those of the file", head + "featureGates: {A: true, B: false}\nkubeadmConfigPatches:\n- |\n" + args + "      feature-gates: B=true,C=true\n", "lab.yaml:9: the patch sets feature-gates of kube-apiserver; featureGates A of the file stay beside it, which kind would drop", ""},
		{"gates that repeat those of the file", head + "featureGates: {A: true}\nkubeadmConfigPatches:\n- |\n" + args + "      feature-gates: C=true,A=true\n", "", ""},
		{"APIs beside those of the file", head + "runtimeConfig: {api/beta: true}\nkubeadmConfigPatches:\n- |\n" + args + "      runtime-config: resource.k8s.io/v1beta1=true\n", "lab.yaml:9: the patch sets runtime-config of kube-apiserver; runtimeConfig api/beta of the file stay", ""},
		{"small shares of a small subnet", head + "networking: {podSubnet: 10.244.0.0/24}\nnodes: [{role: control-plane}, {role: worker}]\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size: \"26\"}}}']\n", "", ""},
		{"large shares of a small subnet", head + "networking: {podSubnet: 10.244.0.0/23}\nnodes: [{role: control-plane}, {role: worker}]\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size: \"23\"}}}']\n", "", "lab.yaml:3: pod subnet 10.244.0.0/23 is too small for 2 nodes, because each takes a /23"},
		{"a family that is not shared, with Cilium", head + "networking: {ipFamily: dual}\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, controllerManager: {extraArgs: {cluster-cidr: 10.244.0.0/16}}}']\n", "", "a patch has it give none of IPv6"},
		{"a family that is not shared", head + "networking: {disableDefaultCNI: true, ipFamily: dual, podSubnet: '10.244.0.0/16,fd00::/64'}\nnodes: [{role: control-plane}, {role: worker}]\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, controllerManager: {extraArgs: {cluster-cidr: 10.244.0.0/16}}}']\n", "", ""},
		{"no shares", head + "networking: {disableDefaultCNI: true, podSubnet: 10.244.0.0/24}\nnodes: [{role: control-plane}, {role: worker}]\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, controllerManager: {extraArgs: {allocate-node-cidrs: \"false\"}}}']\n", "", ""},
		{"a misspelled field of the kubelet", head + "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  authentication:\n    anonymus: {enabled: false}\n", "", `lab.yaml:7: KubeletConfiguration.authentication has no field "anonymus" (did you mean "anonymous"?)`},
		{"text for a number", head + "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  maxPods: '44'\n", "", `lab.yaml:6: maxPods is "44", and a whole number is wanted`},
		{"a gate that is text", head + "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  featureGates: {A: 'true'}\n", "", `A is "true", and true or false is wanted`},
		{"another group", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n  kind: KubeletConfiguration\n  maxPods: 44\n", "kind KubeletConfiguration is applied although", ""},
		{"nothing but comments", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  # apiServer: {}\n", "asks for nothing", ""},
		{"steps for an older version", head + "kubeadmConfigPatchesJSON6902:\n- group: kubeadm.k8s.io\n  version: v1beta2\n  kind: ClusterConfiguration\n  patch: |\n    - {op: add, path: /apiServer/certSANs/-, value: a.b}\n", "of kubeadm v1beta2 is applied as v1beta4, which Kubernetes v1.37.2 has; leave group and version out", ""},
		{"steps that set arguments of a map", head + "kubeadmConfigPatchesJSON6902:\n- kind: ClusterConfiguration\n  patch: '[{op: add, path: /apiServer/extraArgs/v, value: \"4\"}]'\n", "applied in the form of kubeadm v1beta4", ""},
		{"steps that cannot be translated", head + "kubeadmConfigPatchesJSON6902:\n- kind: ClusterConfiguration\n  patch: '[{op: remove, path: /apiServer/extraArgs/v}]'\n", "", "cannot be translated: write the arguments as a merge patch"},
		{"steps that lead nowhere", head + "kubeadmConfigPatchesJSON6902:\n- kind: ClusterConfiguration\n  patch: '[{op: replace, path: /nothing/at, value: all}]'\n", "", "lab.yaml:4: the patch of kind ClusterConfiguration cannot be applied"},
		{"joining the only node", head + "kubeadmConfigPatches:\n- '{kind: JoinConfiguration, nodeRegistration: {name: a}}'\n", "", "no node joins the only one; write it as kind InitConfiguration"},
		{"joining the only node, for the rest both", head + "kubeadmConfigPatches:\n- '{kind: JoinConfiguration, nodeRegistration: {taints: []}}'\n- '{kind: InitConfiguration, nodeRegistration: {taints: []}}'\n", "no node joins the only one", ""},
		{"initializing on a worker", head + "nodes:\n- role: control-plane\n- role: worker\n  kubeadmConfigPatches: ['{kind: InitConfiguration, nodeRegistration: {taints: []}}']\n", "", "has no effect on lab-worker, which reads JoinConfiguration"},
		{"a kubelet's configuration on a worker", head + "nodes:\n- role: control-plane\n- role: worker\n  kubeadmConfigPatches: ['{kind: KubeletConfiguration, maxPods: 44}']\n", "", "nodeRegistration.kubeletExtraArgs"},
		{"the same for all and on a worker", head + "kubeadmConfigPatches: ['{kind: KubeletConfiguration, maxPods: 44}']\nnodes:\n- role: control-plane\n- role: worker\n  kubeadmConfigPatches: ['{kind: KubeletConfiguration, maxPods: 44}']\n", "", ""},
		{"the cluster's on every control plane", head + "nodes:\n- role: control-plane\n  kubeadmConfigPatches: ['{kind: ClusterConfiguration, apiServer: {certSANs: [a]}}']\n- role: control-plane\n  kubeadmConfigPatches: ['{kind: ClusterConfiguration, apiServer: {certSANs: [a]}}']\n", "", ""},
		{"the cluster's on another control plane", head + "nodes:\n- role: control-plane\n- role: control-plane\n  kubeadmConfigPatches: ['{kind: ClusterConfiguration, apiServer: {certSANs: [a]}}']\n", "", "the first control plane reads it for all"},
		{"kube-proxy that is not there", head + "networking: {kubeProxyMode: none}\nkubeadmConfigPatches: ['{kind: KubeProxyConfiguration, metricsBindAddress: 0.0.0.0}']\n", "", "there is no kube-proxy"},
		{"another Kubernetes than the image's", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  kubernetesVersion: v1.20.1\n", "", "lab.yaml:6: the patch sets kubernetesVersion to v1.20.1"},
		{"an etcd of one's own", head + "kubeadmConfigPatches: ['{kind: ClusterConfiguration, etcd: {external: {endpoints: [\"http://a:2379\"]}}}']\n", "", ""},
		{"what kind writes anyway", head + "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  cgroupDriver: systemd\n", "lab.yaml:5: the patch of kind KubeletConfiguration changes nothing", ""},
		{"what kind writes anyway, in an older version", head + "kubeadmConfigPatches:\n- |\n  apiVersion: kubeadm.k8s.io/v1beta3\n" + args + "      runtime-config: ''\n", "lab.yaml:6: the patch of kind ClusterConfiguration changes nothing", ""},
		{"what kind writes anyway, as steps", head + "kubeadmConfigPatchesJSON6902:\n- {group: kubelet.config.k8s.io, version: v1beta1, kind: KubeletConfiguration, patch: '[{op: add, path: /failSwapOn, value: false}]'}\n", "lab.yaml:4: the patch of kind KubeletConfiguration changes nothing", ""},
		{"what kind writes anyway, on a worker", head + "nodes:\n- role: control-plane\n- role: worker\n  kubeadmConfigPatches: ['{kind: JoinConfiguration, nodeRegistration: {criSocket: \"unix:///run/containerd/containerd.sock\"}}']\n", "lab.yaml:6: the patch of kind JoinConfiguration changes nothing", ""},
		{"what kind writes anyway beside what it does not", head + "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  cgroupDriver: systemd\n  maxPods: 44\n", "", ""},
		{"a subnet", head + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  networking: {podSubnet: 10.99.0.0/16}\n", "", ""},
		{"mirrors", head + "containerdConfigPatches:\n- |\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"a:5000\"]\n    endpoint = [\"http://b:5000\"]\n", "lab.yaml:5: registry.mirrors.\"a:5000\" is deprecated", ""},
		{"mirrors without an endpoint", head + "containerdConfigPatches:\n- |\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"a:5000\"]\n", "lab.yaml:5: registry.mirrors.\"a:5000\" names no endpoint, and changes nothing", ""},
		{"mirrors without a scheme", head + "containerdConfigPatches:\n- |\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"a:5000\"]\n    endpoint = [\"b\"]\n", "", "write it with its scheme"},
		{"another version of containerd's configuration", head + "containerdConfigPatches:\n- |\n  version = 3\n", "", "lab.yaml:5: the patch is for version 3"},
		{"an empty document behind", head + "---\n", "", ""},
		{"a foreign document behind", head + "---\nkind: ConfigMap\n", "", "lab.yaml:4: more than one document"},
	} {
		t.Run(c.name, func(t *testing.T) {
			topology, err := Decode([]byte(c.text), "lab.yaml")
			var warnings []string
			if err == nil {
				topology.Name = "lab"
				warnings, err = topology.Validate()
			}
			said := strings.Join(warnings, "\n")
			if c.warns != "" && !strings.Contains(said, c.warns) {
				t.Errorf("warnings are %q, want one with %q", warnings, c.warns)
			}
			if c.warns == "" && strings.Contains(said, "lab.yaml") {
				t.Errorf("warnings are %q, want none about the file", warnings)
			}
			switch {
			case c.wants == "" && err != nil:
				t.Errorf("error is %v, want none", err)
			case c.wants != "" && (err == nil || !strings.Contains(err.Error(), c.wants) || hint.CodeOf(err) != hint.Usage):
				t.Errorf("error is %v, want one with %q", err, c.wants)
			}
		})
	}
}

func TestTranslatedPatchesReachKubeadm(t *testing.T) {
	topology := topologyOf(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
kubeadmConfigPatches:
- |
  apiVersion: kubeadm.k8s.io/v1beta3
  kind: ClusterConfiguration
  apiServer:
    extraArgs: {event-ttl: 17m}
kubeadmConfigPatchesJSON6902:
- group: kubeadm.k8s.io
  version: v1beta3
  kind: ClusterConfiguration
  patch: |
    - {op: add, path: /apiServer/certSANs/-, value: lab.example.com}
    - {op: add, path: /scheduler/extraArgs/v, value: "4"}
`)
	config := topology.KindConfig(NodeSettings{Image: "node"})
	all := strings.Join(config.KubeadmConfigPatches, "\n")
	for _, want := range []string{"event-ttl: 17m", "v: \"4\""} {
		if !strings.Contains(all, want) {
			t.Errorf("kind gets %q, want %q in it", all, want)
		}
	}
	if strings.Contains(all, "v1beta3") {
		t.Errorf("kind gets a patch of a version that it passes over: %s", all)
	}
	if steps := config.KubeadmConfigPatchesJSON6902; len(steps) != 1 || steps[0].Version != "" ||
		!strings.Contains(steps[0].Patch, "certSANs") ||
		strings.Contains(steps[0].Patch, "extraArgs") {
		t.Errorf("kind gets the steps %+v, want that for certSANs, of any version", steps)
	}
	settings := map[string]any{}
	for _, request := range topology.Requests(NodeSettings{}) {
		settings[request.Component+" "+request.Setting] = request.Value
	}
	if settings["kube-apiserver --event-ttl"] != "17m" || settings["kube-scheduler --v"] != "4" || settings["kubeadm apiServer.certSANs"] == nil {
		t.Errorf("requested are %v", settings)
	}
}

func TestPatchedSubnetsAreTheClusters(t *testing.T) {
	topology := topologyOf(t, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nkubeadmConfigPatches: ['{kind: ClusterConfiguration, networking: {serviceSubnet: 10.76.0.0/12, podSubnet: 10.200.0.0/16}}', '{kind: KubeProxyConfiguration, mode: nftables}']\n")
	if topology.ServiceSubnet != "10.64.0.0/12" || topology.PodSubnet != "10.200.0.0/16" || topology.ProxyMode != "nftables" {
		t.Errorf("subnets are %s and %s, the proxy mode is %s", topology.ServiceSubnet, topology.PodSubnet, topology.ProxyMode)
	}
}

// TestNamesOfObjects are in many patches, and no program reads them.
func TestNamesOfObjects(t *testing.T) {
	topology := topologyOf(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  metadata: {name: other}
  apiServer:
    extraArgs: {v: "4"}
- |
  kind: KubeletConfiguration
  metadata: {name: config}
  maxPods: 60
`)
	rendered, err := topology.Render(NodeSettings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range rendered {
		if all := string(node.Kubeadm) + string(node.Kubelet); strings.Contains(all, "metadata") {
			t.Errorf("%s reads:\n%s", node.Node, all)
		}
	}
	for _, request := range topology.Requests(NodeSettings{}) {
		if strings.HasPrefix(request.Setting, "metadata") {
			t.Errorf("%+v is requested", request)
		}
	}
}

// TestSwitchesAreKept looks at what reaches kubeadm of gates that stand in the file and
// in a patch.
func TestSwitchesAreKept(t *testing.T) {
	topology := topologyOf(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
featureGates: {A: true, B: false}
runtimeConfig: {api/beta: true}
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs: {feature-gates: B=true, runtime-config: "batch/v1=true"}
  scheduler:
    extraArgs: {v: "4"}
nodes:
- role: control-plane
- role: worker
`)
	rendered, err := topology.Render(NodeSettings{})
	if err != nil {
		t.Fatal(err)
	}
	flags := rendered[0].Flags["kube-apiserver"]
	for _, flag := range []string{"--feature-gates=B=true,A=true", "--runtime-config=batch/v1=true,api/beta=true"} {
		if !slices.Contains(flags, flag) {
			t.Errorf("the API server has %q, want %s", flags, flag)
		}
	}
	if flags := rendered[0].Flags["kube-scheduler"]; !slices.Contains(flags, "--feature-gates=A=true,B=false") {
		t.Errorf("the scheduler has %q", flags)
	}
	config := topology.KindConfig(NodeSettings{})
	if patches := strings.Join(config.Nodes[0].KubeadmConfigPatches, "---\n"); !strings.Contains(patches, "feature-gates: B=true,A=true") || !strings.Contains(patches, "runtime-config: batch/v1=true,api/beta=true") {
		t.Errorf("the control plane's patches are:\n%s", patches)
	}
	if len(config.Nodes[1].KubeadmConfigPatches) > 0 {
		t.Errorf("the worker's patches are %q", config.Nodes[1].KubeadmConfigPatches)
	}
	for _, request := range topology.Requests(NodeSettings{}) {
		if request.Setting == "--feature-gates" && request.Value != "B=true,A=true" {
			t.Errorf("%+v is requested", request)
		}
	}
}
