package clusters

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestKindFiles translates files of kind's: into ours, which golden files hold,
// and back, which must give kind the same cluster again.
func TestKindFiles(t *testing.T) {
	for _, name := range []string{"ingress", "everything", "nothing"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/kind/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			topology, err := Decode(data, name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			ours, err := topology.Annotated()
			if err != nil {
				t.Fatal(err)
			}
			here, err := filepath.Abs(".")
			if err != nil {
				t.Fatal(err)
			}
			ours = []byte(strings.ReplaceAll(string(ours), here, "/here"))
			golden.Check(t, "testdata/kind/"+name+".golden.yaml", ours)
			again, err := Decode(ours, "ours.yaml")
			if err != nil {
				t.Fatalf("ours cannot be read: %v", err)
			}
			again.Name = cmp.Or(again.Name, "kind")
			if _, err := again.Validate(); err != nil {
				t.Fatalf("ours is not valid: %v", err)
			}
			topology.Fidelity = fidelity.Production // without patches of our own
			compareWithKind(t, data, topology)
		})
	}
}

// compareWithKind wants kind's own configuration back.
func compareWithKind(t *testing.T, data []byte, topology Topology) {
	t.Helper()
	var want v1alpha4.Cluster
	if err := yaml.UnmarshalStrict(data, &want); err != nil {
		t.Fatal(err)
	}
	v1alpha4.SetDefaultsCluster(&want)
	got := topology.KindConfig(NodeSettings{Image: cmp.Or(topology.Image, want.Nodes[0].Image)})
	want.Networking.DisableDefaultCNI = true // kindctl installs one
	for i := range want.Nodes {
		want.Nodes[i].Labels = nil // the API server gets them
		for j := range want.Nodes[i].ExtraPortMappings {
			p := &want.Nodes[i].ExtraPortMappings[j]
			p.ListenAddress, p.Protocol = cmp.Or(p.ListenAddress, "0.0.0.0"), cmp.Or(p.Protocol, "TCP")
		}
		for j := range want.Nodes[i].ExtraMounts {
			m := &want.Nodes[i].ExtraMounts[j]
			m.HostPath, _ = filepath.Abs(m.HostPath)
		}
	}
	slices.SortStableFunc(want.Nodes, func(a, b v1alpha4.Node) int { return strings.Compare(string(a.Role), string(b.Role)) })
	if diff := gocmp.Diff(&want, got); diff != "" {
		t.Errorf("kind's configuration (-want +got):\n%s", diff)
	}
}

// TestAbsorb puts kind's configuration beside ours.
func TestAbsorb(t *testing.T) {
	const head, kinds = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n"
	tests := []struct {
		name, data string
		want       string // in the error
	}{
		{"what has no field of ours", head + "kindConfig:\n  networking:\n    dnsSearch: [a.b]\n", ""},
		{"what says the same", head + "podSubnet: 10.0.0.0/16\nkindConfig:\n  networking:\n    podSubnet: 10.0.0.0/16\n", ""},
		{"what we leave out", head + "kindConfig:\n  apiVersion: kind.x-k8s.io/v1alpha4\n  kind: Cluster\n  networking:\n    podSubnet: 10.0.0.0/16\n  nodes:\n  - role: control-plane\n", ""},
		{"another subnet", head + "podSubnet: 10.0.0.0/16\nkindConfig:\n  networking:\n    podSubnet: 10.1.0.0/16\n", "lab.yaml:6: kindConfig.networking.podSubnet is 10.1.0.0/16, but lab.yaml:3: podSubnet is 10.0.0.0/16"},
		{"another mode", head + "proxyMode: ipvs\nkindConfig:\n  networking:\n    kubeProxyMode: nftables\n", "lab.yaml:6: kindConfig.networking.kubeProxyMode is nftables"},
		{"another port", head + "apiServerPort: 6443\nkindConfig:\n  networking:\n    apiServerPort: 6444\n", "lab.yaml:6"},
		{"another name", head + "name: a\nkindConfig:\n  name: b\n", "lab.yaml:5: kindConfig.name is b"},
		{"a gate that is on and off", head + "featureGates: {A: true}\nkindConfig:\n  featureGates:\n    A: false\n", "lab.yaml:6: kindConfig.featureGates[A] is false, but lab.yaml:3: featureGates[A] is true"},
		{"a gate beside another", head + "featureGates: {A: true}\nkindConfig:\n  featureGates:\n    B: false\n", ""},
		{"an API that is neither", head + "kindConfig:\n  runtimeConfig:\n    api/all: maybe\n", `lab.yaml:5: runtimeConfig of api/all is "maybe"`},
		{"IPv6", kinds + "networking:\n  ipFamily: dual\n", ""},
		{"an image for one node", head + "workers: 1\nkindConfig:\n  nodes:\n  - role: worker\n    image: old:1\n", ""},
		{"more nodes than there are", head + "workers: 1\nkindConfig:\n  nodes:\n  - role: worker\n  - role: worker\n", `lab.yaml:7: kindConfig has more nodes of role "worker" than the configuration`},
		{"ports beside our groups", head + "workers: 1\nkindConfig:\n  nodes:\n  - role: worker\n    extraPortMappings: [{containerPort: 80}]\n", "lab.yaml:7: extraPortMappings: write it as ports of nodes"},
		{"labels beside our groups", head + "workers: 1\nkindConfig:\n  nodes:\n  - role: worker\n    labels: {a: b}\n", "lab.yaml:7: labels: write it as labels of nodes"},
		{"a misspelled field of kind's", kinds + "nodes:\n- roel: worker\n", `lab.yaml:4: there is no field "roel" (did you mean "role"?)`},
		{"a protocol of kind's", kinds + "nodes:\n- extraPortMappings:\n  - protocol: ICMP\n", `lab.yaml:5: protocol is "ICMP"; use one of: TCP, UDP, SCTP`},
		{"a propagation of kind's", kinds + "nodes:\n- extraMounts:\n  - propagation: Both\n", `lab.yaml:5: propagation is "Both"`},
		{"a role of kind's", kinds + "nodes:\n- role: master\n- role: control-plane\n", `lab.yaml:4: unknown role "master"`},
		{"kind's field in ours", head + "containerdConfigPatches: []\n", "lab.yaml:3: there is no field \"containerdConfigPatches\"; it is kind's and goes below kindConfig"},
		{"kind's name for ports", head + "nodes:\n- role: control-plane\n  extraPortMappings: []\n", "lab.yaml:5: there is no field \"extraPortMappings\"; write it as ports"},
		{"a patch of nothing", kinds + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfigration\n", `lab.yaml:5: kind "ClusterConfigration" of the patch is none that kubeadm reads (did you mean "ClusterConfiguration"?)`},
		{"a patch that is no object", kinds + "kubeadmConfigPatches: [a]\n", "lab.yaml:3: the patch is no YAML object"},
		{"the second document of a patch", kinds + "kubeadmConfigPatches:\n- |\n  kind: InitConfiguration\n  ---\n  kind: Nothing\n", `lab.yaml:7: kind "Nothing"`},
		{"a patch of our own affairs", kinds + "kubeadmConfigPatches:\n- |\n  kind: KubeProxyConfiguration\n  mode: ipvs\n", ""},
		{"a patch against our own field", kinds + "networking: {kubeProxyMode: nftables}\nkubeadmConfigPatches:\n- |\n  kind: KubeProxyConfiguration\n  mode: ipvs\n", "lab.yaml:3: kindConfig.networking.kubeProxyMode is nftables, but lab.yaml:7: the patch sets ipvs"},
		{"a patch of a node's taints", kinds + "nodes:\n- kubeadmConfigPatches:\n  - 'kind: InitConfiguration'\n  - '{kind: JoinConfiguration, nodeRegistration: {taints: []}}'\n", "lab.yaml:6: kind JoinConfiguration has no effect on lab-control-plane, which reads InitConfiguration"},
		{"steps that are none", kinds + "kubeadmConfigPatchesJSON6902:\n- kind: ClusterConfiguration\n  patch: 'op: add'\n", "lab.yaml:4: the patch is no list of RFC 6902"},
		{"containerd's patch", kinds + "containerdConfigPatches: ['a = ']\n", "lab.yaml:3: the patch is no TOML"},
		{"containerd's steps", kinds + "containerdConfigPatchesJSON6902: ['a']\n", "lab.yaml:3: the patch is no list of RFC 6902"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := Decode([]byte(tt.data), "lab.yaml")
			if err == nil {
				topology.Name = cmp.Or(topology.Name, "lab")
				_, err = topology.Validate()
			}
			if tt.want == "" {
				if err != nil {
					t.Errorf("error is %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || hint.CodeOf(err) != hint.Usage {
				t.Errorf("error is %v (code %d), want one with %q", err, hint.CodeOf(err), tt.want)
			}
		})
	}
}

// TestRawNodes gives a node of ours what kind alone has.
func TestRawNodes(t *testing.T) {
	topology, err := Decode([]byte(`apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: lab
workers: 2
kindConfig:
  nodes:
  - role: worker
  - role: worker
    image: old:1
    kubeadmConfigPatches: ['kind: JoinConfiguration']
`), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topology.Validate(); err != nil {
		t.Fatal(err)
	}
	var images []string
	for _, node := range topology.KindConfig(NodeSettings{Image: "new:1"}).Nodes {
		images = append(images, node.Image+" "+strings.Join(node.KubeadmConfigPatches, ","))
	}
	if diff := gocmp.Diff([]string{"new:1 ", "new:1 ", "old:1 kind: JoinConfiguration"}, images); diff != "" {
		t.Errorf("images and patches (-want +got):\n%s", diff)
	}
}
