package clusters

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/hint"
)

var update = flag.Bool("update", false, "write the golden files anew")

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
				golden := filepath.Join("testdata", name+".yaml")
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", golden, diff)
				}
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
		{name: "ipvs", change: func(t *Topology) { t.ProxyMode = "ipvs" }, warns: "deprecated"},
		{name: "all at once", change: func(t *Topology) { t.Name, t.ControlPlanes, t.CNI = "-x", 0, "flannel" }, want: []string{`name "-x"`, "control planes: 0", `unknown CNI "flannel"`}},
		{name: "nobody for Services", change: func(t *Topology) { t.CNI, t.ProxyMode = "calico", "none" }, want: []string{"only Cilium"}},
		{name: "subnets overlap", change: func(t *Topology) { t.ServiceSubnet = "10.244.128.0/20" }, want: []string{"overlap"}},
		{name: "subnet too small", change: func(t *Topology) { t.PodSubnet = "10.244.0.0/22" }, want: []string{"too small"}},
		{name: "subnet of IPv6", change: func(t *Topology) { t.PodSubnet = "fd00::/48" }, want: []string{"IPv4 CIDR"}},
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
	again.origin, got.origin = nil, nil
	if diff := cmp.Diff(got, again, cmp.AllowUnexported(Topology{})); diff != "" {
		t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"
	tests := []struct{ name, data, want string }{
		{"misspelt field", head + "wrokers: 1\n", `lab.yaml:3: there is no field "wrokers" (did you mean "workers"?)`},
		{"wrong type", head + "workers: [1]\n", "lab.yaml:3"},
		{"same field twice", head + "workers: 1\nworkers: 2\n", "lab.yaml"},
		{"two documents", head + "---\n" + head, "more than one document"},
		{"no kind", "workers: 1\n", "this kindctl reads"},
		{"not YAML", "\t{", "lab.yaml"},
		{"empty", "", "lab.yaml"},
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

func TestOverlay(t *testing.T) {
	five, calico := 5, "calico"
	profile, err := Profile("ha")
	if err != nil {
		t.Fatal(err)
	}
	over, err := profile.Overlay(Overrides{Workers: &five, CNI: &calico})
	if err != nil || over.Workers != 5 || over.CNI != "calico" || over.ControlPlanes != 3 {
		t.Errorf("a flag over a profile: %+v, %v", over, err)
	}
	file, err := Decode([]byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nworkers: 1\n"), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Overlay(Overrides{Workers: &five}); hint.ReasonOf(err) != "CONFIG_CONFLICT" {
		t.Errorf("a flag against a file: %v, want CONFIG_CONFLICT", err)
	}
}
