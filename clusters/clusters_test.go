package clusters

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestKindConfig holds kind's configuration for every profile on both kinds of hosts.
func TestKindConfig(t *testing.T) {
	for _, profile := range Profiles() {
		for _, cgroupV1 := range []bool{false, true} {
			name := profile
			if cgroupV1 {
				name += "-cgroupv1"
			}
			t.Run(name, func(t *testing.T) {
				topology, err := Profile(profile)
				if err != nil {
					t.Fatal(err)
				}
				topology.Name = "lab"
				if _, err := topology.Validate(); err != nil {
					t.Fatal(err)
				}
				got, err := yaml.Marshal(topology.KindConfig(NodeSettings{Image: "node:1", CgroupV1: cgroupV1}))
				if err != nil {
					t.Fatal(err)
				}
				golden.Check(t, "testdata/"+name+".yaml", got)
			})
		}
	}
}

func valid() Topology {
	return Topology{Name: "lab", ControlPlanes: 1, Workers: 2, CNI: "cilium", ProxyMode: "iptables", PodSubnet: "10.244.0.0/16", ServiceSubnet: "10.96.0.0/16"}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Topology)
		want   []string // in the error; none means valid
		warns  string
	}{
		{name: "valid", change: func(*Topology) {}},
		{name: "Cilium in kube-proxy's place", change: func(t *Topology) { t.ProxyMode = "none" }},
		{name: "even control planes", change: func(t *Topology) { t.ControlPlanes = 4 }, warns: "quorum of 3, which survives the loss of 1"},
		{name: "external etcd", change: func(t *Topology) { t.Etcd = "external" }},
		{name: "members alone ask for it", change: func(t *Topology) { t.EtcdMembers = 5 }},
		{name: "even control planes beside it", change: func(t *Topology) { t.Etcd, t.ControlPlanes = "external", 2 }},
		{name: "even members", change: func(t *Topology) { t.EtcdMembers = 4 }, want: []string{"a quorum of 3 and survive the loss of 1, no more than 3 members would"}},
		{name: "even members all the same", change: func(t *Topology) { t.EtcdMembers, t.AllowEvenEtcd = 2, true }},
		{name: "too many members", change: func(t *Topology) { t.EtcdMembers = 9 }, want: []string{"use 1 to 7"}},
		{name: "members of none", change: func(t *Topology) { t.Etcd, t.EtcdMembers = "stacked", 3 }, want: []string{"one on each"}},
		{name: "etcd elsewhere", change: func(t *Topology) { t.Etcd = "externl" }, want: []string{`did you mean "external"?`}},
		{name: "ipvs", change: func(t *Topology) { t.ProxyMode = "ipvs" }, warns: "deprecated"},
		{name: "all at once", change: func(t *Topology) { t.Name, t.ControlPlanes, t.CNI = "-x", 0, "flannel" }, want: []string{`name "-x"`, "control planes: 0", `unknown CNI "flannel"`}},
		{name: "no one for Services", change: func(t *Topology) { t.CNI, t.ProxyMode = "calico", "none" }, want: []string{"only Cilium"}},
		{name: "the longest name", change: func(t *Topology) { t.Name = strings.Repeat("x", 49) }},
		{name: "too long for a host name", change: func(t *Topology) { t.Name = strings.Repeat("x", 50) }, want: []string{"use 1 to 49", "-control-plane would have a host name of 64 characters, and at most 63 are allowed"}},
		{name: "too long for the load balancer", change: func(t *Topology) { t.ControlPlanes, t.Name = 3, strings.Repeat("x", 41) }, want: []string{"use 1 to 40"}},
		{name: "dots", change: func(t *Topology) { t.Name = "team.lab-1" }},
		{name: "no DNS name", change: func(t *Topology) { t.Name = "team..lab" }, want: []string{`name "team..lab"`}},
		{name: "no name", change: func(t *Topology) { t.Name = "" }, want: []string{`name ""`}},
		{name: "fewer than no workers", change: func(t *Topology) { t.Workers = -1 }, want: []string{"workers: -1"}},
		{name: "too many nodes", change: func(t *Topology) { t.Workers = 1000 }, want: []string{"1001 nodes; at most 100"}},
		{name: "nowhere for pods", change: func(t *Topology) { t.ControlPlanes, t.Workers = 3, 0 }, warns: "ordinary pods stay Pending"},
		{name: "misspelled", change: func(t *Topology) { t.CNI, t.ProxyMode = "celium", "iptable" }, want: []string{`did you mean "cilium"?`, `did you mean "iptables"?`}},
		{name: "neither CNI nor kube-proxy", change: func(t *Topology) { t.CNI, t.ProxyMode = "none", "none" }, warns: "no Service works"},
		{name: "subnets overlap", change: func(t *Topology) { t.ServiceSubnet = "10.244.128.0/20" }, want: []string{"overlap"}},
		{name: "subnet for just enough nodes", change: func(t *Topology) { t.PodSubnet, t.Workers = "10.244.0.0/22", 3 }},
		{name: "subnet for too few nodes", change: func(t *Topology) { t.PodSubnet, t.Workers = "10.244.0.0/22", 4 }, want: []string{"too small for 5 nodes"}},
		{name: "subnet for no node", change: func(t *Topology) { t.PodSubnet = "10.244.0.0/25" }, want: []string{"too small"}},
		{name: "subnet too large", change: func(t *Topology) { t.PodSubnet, t.ServiceSubnet = "10.0.0.0/7", "172.20.0.0/16" }, want: []string{"10.0.0.0/7 is too large"}},
		{name: "services too many", change: func(t *Topology) { t.PodSubnet, t.ServiceSubnet = "192.168.0.0/16", "10.0.0.0/8" }, want: []string{"from /12 to /28"}},
		{name: "services too few", change: func(t *Topology) { t.ServiceSubnet = "10.96.0.0/29" }, want: []string{"from /12 to /28"}},
		{name: "subnet with a host's bits", change: func(t *Topology) { t.PodSubnet = "10.244.1.1/16" }, want: []string{"did you mean 10.244.0.0/16?"}},
		{name: "subnet of IPv6", change: func(t *Topology) { t.PodSubnet = "fd00::/48" }, want: []string{"IPv4 CIDR"}},
		{name: "IPv6", change: func(t *Topology) { t.IPFamily, t.PodSubnet, t.ServiceSubnet = "ipv6", "", "" }},
		{name: "IPv6 with a subnet of IPv4", change: func(t *Topology) { t.IPFamily = "ipv6" }, want: []string{"IPv6 CIDR such as fd00:10:244::/56"}},
		{name: "subnets of IPv6 too small and too large", change: func(t *Topology) { t.IPFamily, t.PodSubnet, t.ServiceSubnet = "ipv6", "fd00::/63", "fd01::/64" }, want: []string{"too small for 3 nodes", "from /108 to /124"}},
		{name: "subnet of IPv6 too large", change: func(t *Topology) { t.IPFamily, t.PodSubnet, t.ServiceSubnet = "ipv6", "fd00::/40", "" }, want: []string{"/48 at most"}},
		{name: "both families", change: func(t *Topology) { t.IPFamily, t.PodSubnet, t.ServiceSubnet = "dual", "", "fd00::/112,10.96.0.0/16" }},
		{name: "one of both", change: func(t *Topology) { t.IPFamily, t.PodSubnet = "dual", "" }, want: []string{"a CIDR of each family"}},
		{name: "one family twice", change: func(t *Topology) { t.IPFamily, t.PodSubnet, t.ServiceSubnet = "dual", "", "10.96.0.0/16,10.97.0.0/16" }, want: []string{"a CIDR of each family"}},
		{name: "no family", change: func(t *Topology) { t.IPFamily = "ipv5" }, want: []string{`did you mean "ipv`}},
		{name: "port", change: func(t *Topology) { t.APIServerPort = 70000 }, want: []string{"port 70000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology := valid()
			tt.change(&topology)
			warnings, err := topology.Validate()
			if (err != nil) != (len(tt.want) > 0) {
				t.Fatalf("error is %v, want one with %q", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if err != nil && hint.CodeOf(err) != hint.Usage {
				t.Errorf("exit code %d, want %d", hint.CodeOf(err), hint.Usage)
			}
			if got := strings.Join(warnings, "\n"); (tt.warns == "") != (got == "") || !strings.Contains(got, tt.warns) {
				t.Errorf("warnings are %q, want %q", got, tt.warns)
			}
		})
	}
}

func TestDecodeFillsInTheDefaultProfile(t *testing.T) {
	got, err := Decode([]byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nworkers: 5\n"), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got.Workers != 5 || got.ControlPlanes != 1 || got.CNI != "cilium" {
		t.Errorf("got %+v", got)
	}
	encoded, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(encoded, "again.yaml")
	if err != nil {
		t.Fatal(err)
	}
	again.origins, got.origins = nil, nil
	again.base, got.base = "", ""
	if diff := cmp.Diff(got, again, cmp.AllowUnexported(Topology{})); diff != "" {
		t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"
	tests := []struct{ name, data, want string }{
		{"misspelled field", head + "wrokers: 1\n", `lab.yaml:3: there is no field "wrokers" (did you mean "workers"?)`},
		{"wrong type", head + "workers: [1]\n", "lab.yaml:3: workers is a list, and a single value is wanted"},
		{"an object that is none", head + "kindConfig: yes\n", `lab.yaml:3: kindConfig is "yes", and an object is wanted`},
		{"a list that is none", head + "nodes: {role: worker}\n", "lab.yaml:3: nodes is an object, and a list is wanted"},
		{"a number in quotes", head + "workers: '1'\n", `lab.yaml:3: workers is "1", and a whole number is wanted, without quotes`},
		{"a truth in quotes", head + "featureGates:\n  A: 'true'\n", `lab.yaml:4: featureGates[A] is "true", and true or false is wanted, without quotes`},
		{"a fraction", head + "workers: 1.5\n", "lab.yaml:3: workers is 1.5; write a whole number"},
		{"same field twice", head + "workers: 1\nworkers: 2\n", "lab.yaml"},
		{"two documents", head + "---\n" + head, "more than one document"},
		{"no kind", "workers: 1\n", "this kindctl reads kindctl.dev/v1alpha1 and Cluster"},
		{"a future version, whose fields are unknown", "apiVersion: kindctl.dev/v1\nkind: Cluster\nnodes: []\n", `apiVersion is "kindctl.dev/v1"`},
		{"the version of a later kindctl", "apiVersion: kindctl.dev/v2\nkind: Cluster\n", `lab.yaml:1: apiVersion is "kindctl.dev/v2"; this kindctl reads kindctl.dev/v1alpha1`},
		{"an old format of kind's", "apiVersion: kind.x-k8s.io/v1alpha3\nkind: Cluster\n", `apiVersion is "kind.x-k8s.io/v1alpha3"`},
		{"two mistakes", head + "wrokers: 1\nproxymode: ipvs\n", `lab.yaml:4: there is no field "proxymode" (did you mean "proxyMode"?)`},
		{"half a node", head + "nodes:\n- role: control-plane\n  count: 1.5\n", "lab.yaml:5: count is 1.5; write a whole number"},
		{"a misspelled field deep down", head + "nodes:\n- role: control-plane\n  ports:\n  - hostport: 1\n", `lab.yaml:6: there is no field "hostport" (did you mean "hostPort"?)`},
		{"a time without a unit", head + "ttl: 90\n", "lab.yaml:3: ttl is 90; write it with its unit, such as 2h"},
		{"no time", head + "ttl: soon\n", "lab.yaml:3"},
		{"groups and a count", head + "workers: 2\nnodes: [{role: control-plane}]\n", "lab.yaml:3: workers and nodes exclude each other"},
		{"an object that holds itself", head + "kindConfig: &k\n  <<: *k\n", "lab.yaml:1: anchor 'k' value contains itself"},
		{"a misspelled field among those merged", head + "nodes:\n- &a {role: worker}\n- <<: [*a, {roel: worker}]\n", `lab.yaml:5: there is no field "roel"`},
		{"a list", "- 1\n", "lab.yaml:1: the document is no object; begin with apiVersion"},
		{"not YAML", "\t{", "lab.yaml:1: found character"},
		{"nothing in it", "---\n---\n", "lab.yaml: it is empty"},
		{"no version", "# a comment\nkind: Cluster\n", "lab.yaml:2: there is no apiVersion"},
		{"another kind", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Config\n", `lab.yaml:2: kind is "Config"; write kind: Cluster`},
		{"no kind of kind's", "apiVersion: kind.x-k8s.io/v1alpha4\n", "lab.yaml:1: there is no kind; write kind: Cluster"},
		{"the first format of kind's", "kind: Cluster\napiVersion: kind.sigs.k8s.io/v1alpha3\n", `lab.yaml:2: apiVersion is "kind.sigs.k8s.io/v1alpha3", a version of kind's format that kind has given up`},
		{"another object", "apiVersion: v1\nkind: ConfigMap\n", `lab.yaml:1: apiVersion is "v1"; this kindctl reads`},
		{"empty", "", "lab.yaml: it is empty"},
		{"a comment", "# nothing\n", "lab.yaml: it is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode([]byte(tt.data), "lab.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one with %q", err, tt.want)
			}
			if hint.CodeOf(err) != hint.Usage {
				t.Errorf("exit code %d, want %d", hint.CodeOf(err), hint.Usage)
			}
		})
	}
}

// TestDecodeReads what YAML allows, and paths that begin where the file is.
func TestDecodeReads(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode([]byte(`apiVersion: kindctl.dev/v1alpha1
kind: Cluster
ttl: 90m
nodes:
- role: control-plane
- &worker
  role: worker
  labels: {a: b}
  mounts:
  - {hostPath: data, containerPath: /a}
  - {hostPath: ../up, containerPath: /b}
  - {hostPath: /abs, containerPath: /c}
- <<: *worker
  count: 2
  cpus: 1.5
manifests:
- file: app/all.yaml
- url: https://example.com/a.yaml
`), filepath.Join("sub", "lab.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mounts := []Mount{{HostPath: here + "/sub/data", ContainerPath: "/a"}, {HostPath: here + "/up", ContainerPath: "/b"}, {HostPath: "/abs", ContainerPath: "/c"}}
	want := []Group{
		{Role: ControlPlane, Count: 1},
		{Role: Worker, Count: 1, Labels: map[string]string{"a": "b"}, Mounts: mounts},
		{Role: Worker, Count: 2, Labels: map[string]string{"a": "b"}, Mounts: mounts, CPUs: "1.5"},
	}
	if diff := cmp.Diff(want, got.Groups); diff != "" || got.ControlPlanes != 1 || got.Workers != 3 {
		t.Errorf("%d control planes, %d workers, groups (-want +got):\n%s", got.ControlPlanes, got.Workers, diff)
	}
	if diff := cmp.Diff([]Manifest{{File: here + "/sub/app/all.yaml"}, {URL: "https://example.com/a.yaml"}}, got.Manifests); diff != "" || got.TTL != 90*time.Minute {
		t.Errorf("ttl %v, manifests (-want +got):\n%s", got.TTL, diff)
	}
}

// TestValidateNamesPlaces wants the line of what a file says, and none of what
// it does not.
func TestValidateNamesPlaces(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"
	tests := []struct{ name, data, want string }{
		{"a name", head + "name: Lab\n", `lab.yaml:3: name "Lab"`},
		{"two fields", head + "cni: celium\nproxyMode: iptable\n", "lab.yaml:3: unknown CNI \"celium\" (did you mean \"cilium\"?); use one of: cilium, calico, none\nlab.yaml:4: unknown proxy mode"},
		{"one of two that do not fit", head + "name: lab\nproxyMode: none\ncni: calico\n", "lab.yaml:4: proxy mode none"},
		{"subnets that overlap", head + "name: lab\nserviceSubnet: 10.244.0.0/16\n", "lab.yaml:4: pod subnet 10.244.0.0/16 and service subnet 10.244.0.0/16 overlap"},
		{"too many nodes", head + "name: lab\ncontrolPlanes: 101\n", "lab.yaml:4: 103 nodes"},
		{"a name that looks like a fraction and is fine", head + "name: 1.5\ncni: x\n", "lab.yaml:4: unknown CNI"},
		{"a name that is not in the file", head + "workers: 1\n", `name ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := Decode([]byte(tt.data), "lab.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := topology.Validate(); err == nil || !strings.Contains("\n"+err.Error(), "\n"+tt.want) {
				t.Errorf("error is %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestOverlay holds the order of the sources, and what contradicts a file.
func TestOverlay(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"
	tests := []struct {
		name, data string // no data is the profile ha
		override   Override
		workers    int
		warning    string
		conflict   string
	}{
		{"a flag over a profile", "", Override{"workers", 5, "--workers", true}, 5, "", ""},
		{"a variable over a profile", "", Override{"workers", 5, "KINDCTL_WORKERS", false}, 5, "", ""},
		{"a flag that agrees with a file", head + "workers: 5\n", Override{"workers", 5, "--workers", true}, 5, "", ""},
		{"a flag against a file", head + "workers: 1\n", Override{"workers", 5, "--workers", true}, 0, "", "lab.yaml:3: workers is 1, but --workers says 5"},
		{"a variable over a file", head + "workers: 1\n", Override{"workers", 5, "KINDCTL_WORKERS", false}, 5, "lab.yaml:3: workers is 1, but KINDCTL_WORKERS says 5 and wins", ""},
		{"what the file leaves out", head + "cni: calico\n", Override{"workers", 5, "--workers", true}, 5, "", ""},
		{"a flag against groups", head + "nodes:\n- role: control-plane\n- role: worker\n", Override{"workers", 5, "--workers", true}, 0, "", "lab.yaml:3: workers is 1, but --workers says 5"},
		{"a variable over one group", head + "nodes:\n- role: control-plane\n- role: worker\n", Override{"workers", 5, "KINDCTL_WORKERS", false}, 5, "KINDCTL_WORKERS says 5", ""},
		{"a variable over none", head + "nodes:\n- role: control-plane\n", Override{"workers", 2, "KINDCTL_WORKERS", false}, 2, "KINDCTL_WORKERS says 2", ""},
		{"a variable over two groups", head + "nodes:\n- role: control-plane\n- role: worker\n- role: worker\n  memory: 2Gi\n", Override{"workers", 5, "KINDCTL_WORKERS", false}, 0, "", "not clear which"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, err := Profile("ha")
			if tt.data != "" {
				base, err = Decode([]byte(tt.data), "lab.yaml")
			}
			if err != nil {
				t.Fatal(err)
			}
			before, err := base.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := base.Overlay(tt.override, Override{"name", "lab", "--name", true})
			if tt.conflict != "" {
				if hint.ReasonOf(err) != "CONFIG_CONFLICT" || !strings.Contains(err.Error(), tt.conflict) {
					t.Errorf("error is %v, want a conflict with %q", err, tt.conflict)
				}
				return
			}
			if err != nil || got.Workers != tt.workers ||
				len(slices.DeleteFunc(got.Each(), func(n Node) bool { return n.Role != Worker })) != tt.workers {
				t.Fatalf("%d workers of %+v, %v", got.Workers, got, err)
			}
			warnings, err := got.Validate()
			if err != nil || strings.Contains(strings.Join(warnings, "\n"), "wins") != (tt.warning != "") ||
				!strings.Contains(strings.Join(warnings, "\n"), tt.warning) {
				t.Errorf("warnings are %q, want %q (%v)", warnings, tt.warning, err)
			}
			if after, err := base.Encode(); err != nil || string(after) != string(before) {
				t.Errorf("the base was changed to\n%s(%v)", after, err)
			}
		})
	}
}
