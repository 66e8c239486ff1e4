package provider

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"
)

// threePlanes are control planes with settings of their own, and a worker.
func threePlanes() *v1alpha4.Cluster {
	const both = "kind: InitConfiguration\nnodeRegistration: {taints: [{key: KEY}]}\n---\nkind: JoinConfiguration\nnodeRegistration: {taints: [{key: KEY}]}\n"
	plane := func(key, image string) v1alpha4.Node {
		return v1alpha4.Node{
			Role: v1alpha4.ControlPlaneRole, Image: image, KubeadmConfigPatches: []string{strings.ReplaceAll(both, "KEY", key)},
			ExtraMounts: []v1alpha4.Mount{{HostPath: "/src/" + key, ContainerPath: "/src", Readonly: true, Propagation: v1alpha4.MountPropagationHostToContainer}},
		}
	}
	config := &v1alpha4.Cluster{
		Name:       "lab",
		Networking: v1alpha4.Networking{APIServerAddress: "192.0.2.7", APIServerPort: 6000},
		Nodes:      []v1alpha4.Node{plane("first", "node:1"), plane("second", "node:2"), plane("third", "node:1"), {Role: v1alpha4.WorkerRole}},
	}
	config.Nodes[1].ExtraPortMappings = []v1alpha4.PortMapping{
		{ContainerPort: 80, HostPort: 8080},
		{ContainerPort: 53, HostPort: -1, Protocol: v1alpha4.PortMappingProtocolUDP},
	}
	config.Nodes[2].KubeadmConfigPatchesJSON6902 = []v1alpha4.PatchJSON6902{{Group: "kubeadm.k8s.io", Version: "v1beta4", Kind: "JoinConfiguration",
		Patch: `[{"op": "replace", "path": "/nodeRegistration/taints/0/key", "value": "last"}]`}}
	v1alpha4.SetDefaultsCluster(config)
	return config
}

// TestKindsPart wants kind to be asked for what needs no load balancer, and to write that
// there is one.
func TestKindsPart(t *testing.T) {
	config := threePlanes()
	part, err := kindsPart(config)
	if err != nil {
		t.Fatal(err)
	}
	if len(part.Nodes) != 2 || part.Nodes[0].Role != v1alpha4.ControlPlaneRole || part.Nodes[1].Role != v1alpha4.WorkerRole {
		t.Errorf("its nodes are %+v", part.Nodes)
	}
	if net := part.Networking; net.APIServerAddress != "127.0.0.1" || net.APIServerPort != 0 {
		t.Errorf("the first control plane is published at %s:%d", net.APIServerAddress, net.APIServerPort)
	}
	cluster := strings.Join(part.KubeadmConfigPatches, "")
	if strings.Count(cluster, "lab-external-load-balancer:6443") != 2 || !strings.Contains(cluster, "192.0.2.7") {
		t.Errorf("the patches for all nodes are\n%s", cluster)
	}
	first := strings.Join(part.Nodes[0].KubeadmConfigPatches, "")
	if !strings.Contains(first, "InitConfiguration") || strings.Contains(first, "JoinConfiguration") {
		t.Errorf("the patches for the first control plane are\n%s", first)
	}
	if !cmp.Equal(config, threePlanes()) {
		t.Error("the configuration was changed")
	}
	config.Nodes = config.Nodes[:1]
	if part, err := kindsPart(config); part != config || err != nil {
		t.Errorf("of one control plane kind makes %+v, %v", part, err)
	}
}

// TestControlPlaneOptions wants a control plane to have what it asks for, nothing that the
// first one asks for, and all that kind gives to every node.
func TestControlPlaneOptions(t *testing.T) {
	like := container.InspectResponse{
		Config: &container.Config{Image: "node:1", Labels: map[string]string{clusterLabel: "lab", roleLabel: "control-plane"}},
		HostConfig: &container.HostConfig{
			Privileged: true, NetworkMode: "kind", Binds: []string{"/lib/modules:/lib/modules:ro", "/src/first:/src:ro,rslave"},
		},
	}
	got, err := controlPlaneOptions(threePlanes(), 1, like)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "lab-control-plane2" || got.Config.Hostname != got.Name || got.Config.Image != "node:2" || !got.HostConfig.Privileged {
		t.Errorf("it is %s of %s: %+v", got.Name, got.Config.Image, got.HostConfig)
	}
	if want := []string{"/lib/modules:/lib/modules:ro", "/src/second:/src:ro,rslave"}; !slices.Equal(got.HostConfig.Binds, want) {
		t.Errorf("its mounts are %q, want %q", got.HostConfig.Binds, want)
	}
	ports := got.HostConfig.PortBindings
	api := ports[apiServerPort]
	if len(api) != 1 || api[0].HostIP != netip.MustParseAddr("127.0.0.1") || api[0].HostPort == "" {
		t.Errorf("its API server is published at %v", api)
	}
	delete(ports, apiServerPort)
	everywhere := netip.MustParseAddr("0.0.0.0")
	want := network.PortMap{
		network.MustParsePort("80/tcp"): {{HostIP: everywhere, HostPort: "8080"}}, network.MustParsePort("53/udp"): {{HostIP: everywhere}},
	}
	if diff := cmp.Diff(want, ports, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b network.Port) bool { return a == b })); diff != "" {
		t.Errorf("its other ports (-want +got):\n%s", diff)
	}
}

// TestBinds wants paths of the host as kind gives them to Docker, and no mount of the first
// control plane in another one, in whatever form its path is.
func TestBinds(t *testing.T) {
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/srv/data/": "/srv/data/:/src", "//srv": "//srv:/src", "..": here + ":/src"} {
		config := threePlanes()
		config.Nodes[0].ExtraMounts = []v1alpha4.Mount{{HostPath: path, ContainerPath: "/src"}}
		first, err := binds(config.Nodes[0])
		if err != nil || !slices.Equal(first, []string{want}) {
			t.Errorf("%s is mounted as %q, %v; want %s", path, first, err, want)
		}
		like := container.InspectResponse{
			Config:     &container.Config{Labels: map[string]string{}},
			HostConfig: &container.HostConfig{Binds: []string{"/lib/modules:/lib/modules:ro", "/another/form:/src:ro"}},
		}
		second, err := controlPlaneOptions(config, 1, like)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"/lib/modules:/lib/modules:ro", "/src/second:/src:ro,rslave"}; !slices.Equal(second.HostConfig.Binds, want) {
			t.Errorf("another one's mounts are %q, want %q", second.HostConfig.Binds, want)
		}
	}
}

// TestJoinPatches wants each control plane to join with its own patches, in kind's order.
func TestJoinPatches(t *testing.T) {
	const base = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndiscovery: {bootstrapToken: {token: kinds}}\ncontrolPlane: {}\n"
	for i, want := range []string{"first", "second", "last"} {
		_, patches, err := splitPatches(threePlanes().Nodes[i])
		if err != nil {
			t.Fatal(err)
		}
		text, err := joinConfig(base, "control-plane", "", nil, patches...)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Discovery        struct{ BootstrapToken struct{ Token string } }
			NodeRegistration struct{ Taints []struct{ Key string } }
		}
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if taints := got.NodeRegistration.Taints; len(taints) != 1 || taints[0].Key != want || got.Discovery.BootstrapToken.Token != "kinds" {
			t.Errorf("control plane %d joins with\n%s", i+1, text)
		}
	}
}

// TestCheckVersions wants a patch to be refused that would not be applied.
func TestCheckVersions(t *testing.T) {
	_, patches, err := splitPatches(threePlanes().Nodes[2])
	if err != nil {
		t.Fatal(err)
	}
	const base = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n---\napiVersion: kubeadm.k8s.io/VERSION\nkind: JoinConfiguration\n"
	if err := checkVersions(strings.Replace(base, "VERSION", "v1beta4", 1), patches); err != nil {
		t.Error(err)
	}
	err = checkVersions(strings.Replace(base, "VERSION", "v1beta3", 1), patches)
	if err == nil || !strings.Contains(err.Error(), "is for kubeadm.k8s.io/v1beta4, and the first control plane's image has kubeadm.k8s.io/v1beta3") {
		t.Errorf("error is %v", err)
	}
}

// TestPublishFreePorts wants ports to differ that are chosen for one container.
func TestPublishFreePorts(t *testing.T) {
	for range 20 {
		ports, err := publish(v1alpha4.IPv4Family, slices.Repeat([]v1alpha4.PortMapping{{ContainerPort: 80, ListenAddress: "127.0.0.1"}}, 100)...)
		if err != nil {
			t.Fatal(err)
		}
		chosen := map[string]bool{}
		for _, binding := range ports.bound[network.MustParsePort("80/tcp")] {
			chosen[binding.HostPort] = true
		}
		if len(chosen) != 100 {
			t.Fatalf("%d ports are chosen for 100 mappings", len(chosen))
		}
	}
}

// TestUnproxied wants the names of nodes in NO_PROXY where there is a proxy, and nothing else to
// change.
func TestUnproxied(t *testing.T) {
	const configured = `{"proxies": {"default": {"httpProxy": "http://proxy", "noProxy": "a,b"}}}`
	for _, test := range []struct {
		title       string
		environment map[string]string
		file, want  string
	}{
		{title: "no proxy"},
		{title: "exemptions without a proxy", environment: map[string]string{"NO_PROXY": "a"}},
		{title: "a proxy in the environment", environment: map[string]string{"HTTPS_PROXY": "http://proxy", "no_proxy": "a"}, file: configured, want: "a,lab-x"},
		{title: "a proxy in Docker's configuration", file: configured, want: "a,b,lab-x"},
		{title: "both", environment: map[string]string{"NO_PROXY": "c"}, file: configured, want: "c,lab-x"},
	} {
		t.Run(test.title, func(t *testing.T) {
			for _, name := range []string{httpProxy, httpsProxy, noProxy} {
				t.Setenv(name, test.environment[name])
				t.Setenv(strings.ToLower(name), test.environment[strings.ToLower(name)])
			}
			dir := t.TempDir()
			t.Setenv("DOCKER_CONFIG", dir)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(test.file+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := (&dockerd{}).engine(t).unproxied([]string{"lab-x"})[noProxy]; got != test.want {
				t.Errorf("NO_PROXY is %q, want %q", got, test.want)
			}
		})
	}
}
