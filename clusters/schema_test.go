package clusters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/golden"
)

// published is where editors find the schema.
var published = filepath.Join("..", "docs", "config.schema.json")

func TestSchemaIsPublished(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, published, got)
}

// TestFieldsAreDescribed finds a field without a description, and the other way
// round, however deep.
func TestFieldsAreDescribed(t *testing.T) {
	described(t, reflect.TypeFor[Topology](), fields())
	for _, f := range fields() {
		if f.example == "" {
			t.Errorf("%s has no example", f.name)
		}
	}
}

func described(t *testing.T, of reflect.Type, fields []field) {
	t.Helper()
	var want, got []string
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "kindConfig" {
			want = append(want, "cilium", "calico")
		}
		if name != "" && name != "-" {
			want = append(want, name)
		}
	}
	for _, f := range fields {
		got = append(got, f.name)
		if f.about == "" || len(f.schema) == 0 && f.below == nil && f.within == nil {
			t.Errorf("%s has no description or no schema", f.name)
		}
		if f.below != nil {
			described(t, fieldsOf(of)[f.name].Type.Elem(), f.below)
		}
		if f.within != nil {
			described(t, fieldsOf(of)[f.name].Type.Elem(), f.within)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of %s (-code +description):\n%s", of.Name(), diff)
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(published)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// inSchema validates a configuration file with the published schema.
func inSchema(t *testing.T, compiled *jsonschema.Schema, data []byte) error {
	t.Helper()
	translated, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(translated))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(document)
}

// decoded validates a configuration file as up does.
func decoded(data []byte) error {
	topology, err := Decode(data, "lab.yaml")
	if err != nil {
		return err
	}
	if topology.Name == "" {
		topology.Name = "lab"
	}
	_, err = topology.Validate()
	return err
}

// TestSchemaAgrees wants the schema and the code to accept the same files.
func TestSchemaAgrees(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"
	compiled := schema(t)
	tests := []struct {
		name, data string
		good       bool
	}{
		{"nothing but the head", head, true},
		{"everything", head + "name: team.lab-1\ncontrolPlanes: 3\nworkers: 0\ncni: calico\nproxyMode: ipvs\npodSubnet: 10.0.0.0/8\nserviceSubnet: 172.16.0.0/12\napiServerPort: 6443\n", true},
		{"Cilium in kube-proxy's place", head + "proxyMode: none\n", true},
		{"no CNI", head + "cni: none\n", true},
		{"no one for Services", head + "cni: calico\nproxyMode: none\n", false},
		{"neither CNI nor kube-proxy", head + "cni: none\nproxyMode: none\n", true},
		{"no head", "workers: 1\n", false},
		{"a future version", "apiVersion: kindctl.dev/v9\nkind: Cluster\n", false},
		{"another kind", "apiVersion: kindctl.dev/v1alpha1\nkind: Config\n", false},
		{"a misspelled field", head + "wrokers: 1\n", false},
		{"a wrong type", head + "workers: two\n", false},
		{"half a node", head + "workers: 1.5\n", false},
		{"a list", head + "workers: [1]\n", false},
		{"no control plane", head + "controlPlanes: 0\n", false},
		{"fewer than no workers", head + "workers: -1\n", false},
		{"too many workers", head + "workers: 100\n", false},
		{"an unknown CNI", head + "cni: celium\n", false},
		{"an unknown mode", head + "proxyMode: iptable\n", false},
		{"a name in capitals", head + "name: Lab\n", false},
		{"two dots", head + "name: team..lab\n", false},
		{"the longest name", head + "name: " + strings.Repeat("x", 49) + "\n", true},
		{"a name too long", head + "name: " + strings.Repeat("x", 50) + "\n", false},
		{"a subnet of IPv6", head + "ipFamily: ipv6\npodSubnet: fd00::/48\nserviceSubnet: fd01::/112\n", true},
		{"a subnet of each family", head + "ipFamily: dual\npodSubnet: 10.0.0.0/16,fd00::/48\n", true},
		{"three subnets", head + "ipFamily: dual\npodSubnet: 10.0.0.0/16,fd00::/48,fd01::/48\n", false},
		{"a prefix too long for IPv6", head + "ipFamily: ipv6\npodSubnet: fd00::/129\n", false},
		{"an unknown family", head + "ipFamily: ipv5\n", false},
		{"a subnet that is an address", head + "podSubnet: 10.244.0.0\n", false},
		{"an octet too large", head + "podSubnet: 10.256.0.0/16\n", false},
		{"an octet with a zero before it", head + "podSubnet: 10.04.0.0/16\n", false},
		{"a prefix too long", head + "serviceSubnet: 10.96.0.0/33\n", false},
		{"a port too large", head + "apiServerPort: 65536\n", false},
		{"a port below none", head + "apiServerPort: -1\n", false},
		{"groups", head + "nodes:\n- role: control-plane\n- {role: worker, count: 2, cpus: 1.5, memory: 2Gi, labels: {a.b/c: d}, taints: [a=b:NoSchedule, 'c:NoExecute']}\n- role: worker\n", true},
		{"groups and a count", head + "workers: 2\nnodes: [{role: control-plane}]\n", false},
		{"a group without a role", head + "nodes: [{role: control-plane}, {count: 1}]\n", false},
		{"no control plane among the groups", head + "nodes: [{role: worker}]\n", false},
		{"an unknown role", head + "nodes: [{role: control-plane}, {role: wroker}]\n", false},
		{"a group of none", head + "nodes: [{role: control-plane}, {role: worker, count: 0}]\n", false},
		{"a field of kind's in a group", head + "nodes: [{role: control-plane, extraMounts: []}]\n", false},
		{"a label that is no text", head + "nodes: [{role: control-plane, labels: {a: [b]}}]\n", false},
		{"a taint without an effect", head + "nodes: [{role: control-plane, taints: [a=b]}]\n", false},
		{"an effect that is none", head + "nodes: [{role: control-plane, taints: ['a:Never']}]\n", false},
		{"ports", head + "nodes: [{role: control-plane, ports: [{containerPort: 80, hostPort: 8080, listenAddress: 0.0.0.0, protocol: UDP}, {containerPort: 1}]}]\n", true},
		{"no port in the node", head + "nodes: [{role: control-plane, ports: [{hostPort: 8080}]}]\n", false},
		{"a host port too large", head + "nodes: [{role: control-plane, ports: [{containerPort: 80, hostPort: 65536}]}]\n", false},
		{"half a port", head + "nodes: [{role: control-plane, ports: [{containerPort: 80.5}]}]\n", false},
		{"an unknown protocol", head + "nodes: [{role: control-plane, ports: [{containerPort: 80, protocol: ICMP}]}]\n", false},
		{"mounts", head + "nodes: [{role: control-plane, mounts: [{hostPath: ./a, containerPath: /b, readOnly: true, propagation: HostToContainer}]}]\n", true},
		{"nothing to mount", head + "nodes: [{role: control-plane, mounts: [{containerPath: /b}]}]\n", false},
		{"a mount on nothing", head + "nodes: [{role: control-plane, mounts: [{hostPath: /a}]}]\n", false},
		{"a mount at a relative path", head + "nodes: [{role: control-plane, mounts: [{hostPath: /a, containerPath: b}]}]\n", false},
		{"an unknown propagation", head + "nodes: [{role: control-plane, mounts: [{hostPath: /a, containerPath: /b, propagation: Both}]}]\n", false},
		{"memory that is no quantity", head + "nodes: [{role: control-plane, memory: 2 GB}]\n", false},
		{"processors below nothing", head + "nodes: [{role: control-plane, cpus: -1}]\n", false},
		{"switches", head + "featureGates: {MemoryQoS: true}\nruntimeConfig: {api/alpha: true, storage.k8s.io/v1beta1/csinodes: false}\n", true},
		{"a gate that is neither", head + "featureGates: {MemoryQoS: maybe}\n", false},
		{"a gate without a name", head + "featureGates: {'a=b': true}\n", false},
		{"an API without a name", head + "runtimeConfig: {API: true}\n", false},
		{"a time", head + "ttl: 1h30m\n", true},
		{"a time without a unit", head + "ttl: 90\n", false},
		{"no time", head + "ttl: tomorrow\n", false},
		{"a network", head + "network: lab_1\n", true},
		{"a network's name with a slash", head + "network: lab/1\n", false},
		{"manifests", head + "manifests: [{file: a.yaml, sha256: " + strings.Repeat("a", 64) + "}, {url: 'https://example.com/a', sha256: " + strings.Repeat("a", 64) + ", noWait: true}]\n", true},
		{"a manifest of two", head + "manifests: [{file: a.yaml, url: 'https://example.com/a', sha256: " + strings.Repeat("a", 64) + "}]\n", false},
		{"a manifest of nothing", head + "manifests: [{noWait: true}]\n", false},
		{"an address without a sum", head + "manifests: [{url: 'https://example.com/a'}]\n", false},
		{"an address in the clear", head + "manifests: [{url: 'http://example.com/a', sha256: " + strings.Repeat("a", 64) + "}]\n", false},
		{"half a sum", head + "manifests: [{file: a.yaml, sha256: 00}]\n", false},
		{"kind's own", head + "kindConfig:\n  networking: {dnsSearch: [a]}\n  nodes: [{role: control-plane, extraMounts: [{hostPath: /a, containerPath: /b, propagation: None}]}]\n", true},
		{"a misspelled field of kind's", head + "kindConfig:\n  network: {}\n", false},
		{"a wrong type in kind's", head + "kindConfig:\n  kubeadmConfigPatches: [{}]\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := inSchema(t, compiled, []byte(tt.data)); (err == nil) != tt.good {
				t.Errorf("the schema says %v, want it good: %v", err, tt.good)
			}
			if err := decoded([]byte(tt.data)); (err == nil) != tt.good {
				t.Errorf("the code says %v, want it good: %v", err, tt.good)
			}
		})
	}
}

// TestFilesAreInSchema holds the files that people copy: the profiles and the
// examples of the documents.
func TestFilesAreInSchema(t *testing.T) {
	compiled := schema(t)
	files := map[string][]byte{}
	for _, name := range Profiles() {
		data, err := profiles.ReadFile("profiles/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for document, least := range map[string]int{"docs/config.md": 2, "docs/quickstart.md": 1, "docs/ingress.md": 1, "docs/registries.md": 1} {
		text, err := os.ReadFile(filepath.Join("..", document))
		if err != nil {
			t.Fatal(err)
		}
		examples := 0
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(block[1], "apiVersion: "+group) {
				examples++
				files[fmt.Sprintf("example %d of %s", examples, document)] = []byte(block[1])
			}
		}
		if examples < least {
			t.Errorf("%s has %d examples, want %d or more", document, examples, least)
		}
	}
	for name, data := range files {
		if err := inSchema(t, compiled, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := decoded(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCommented writes every profile for people and reads it back.
func TestCommented(t *testing.T) {
	compiled := schema(t)
	topologies := []Topology{{ // nothing as in the default profile; the name wants quotes
		APIVersion: APIVersion, Kind: Kind, Name: "1234", ControlPlanes: 3, Workers: 7, CNI: "calico", ProxyMode: "nftables",
		PodSubnet: "10.0.0.0/16", ServiceSubnet: "172.16.0.0/16", APIServerPort: 6443, Image: "node:1", Network: "lab", TTL: 90 * time.Minute,
		FeatureGates: map[string]bool{"MemoryQoS": true}, RuntimeConfig: map[string]bool{"api/all": false},
		Manifests: []Manifest{{File: "/a.yaml", NoWait: true}, {URL: "https://example.com/b.yaml", SHA256: strings.Repeat("a", 64)}},
		Raw:       &v1alpha4.Cluster{ContainerdConfigPatches: []string{"[a]\nb = 1"}, Networking: v1alpha4.Networking{DNSSearch: &[]string{"example.com"}}},
	}, Topology{APIVersion: APIVersion, Kind: Kind, CNI: "cilium", ProxyMode: "none", PodSubnet: "10.0.0.0/16", ServiceSubnet: "172.16.0.0/16"}.WithNodes(
		Group{
			Role:  ControlPlane,
			Count: 1,
			Ports: []Port{{ContainerPort: 80, HostPort: 8080}, {ContainerPort: 53, ListenAddress: "::1", Protocol: "UDP"}},
		},
		Group{
			Role:   Worker,
			Count:  2,
			Labels: map[string]string{"a.b/c": "", "d": "e"},
			Taints: []string{"a=b:NoSchedule"},
			CPUs:   "1.5",
			Memory: "2Gi",
			Mounts: []Mount{{HostPath: "/a", ContainerPath: "/b", ReadOnly: true, Propagation: "None", SELinuxRelabel: true}},
		},
	)}
	for _, name := range Profiles() {
		topology, err := Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		topologies = append(topologies, topology)
	}
	for _, want := range topologies {
		data, err := want.Commented()
		if err != nil {
			t.Fatal(err)
		}
		if err := inSchema(t, compiled, data); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
		got, err := Decode(data, "lab.yaml")
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		want.origins, got.origins, want.base, got.base = nil, nil, "", ""
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Topology{})); diff != "" {
			t.Errorf("written and read (-want +got):\n%s\n%s", diff, data)
		}
		if !bytes.HasSuffix(data, []byte("\n")) {
			t.Errorf("the last line does not end:\n%s", data)
		}
		for _, f := range fields() {
			if !slices.Contains(strings.Split(string(data), "\n"), "# "+f.about) {
				t.Errorf("%s is not in\n%s", f.name, data)
			}
		}
	}
}

// TestExamples wants what stands in comments to be right once it is none.
func TestExamples(t *testing.T) {
	compiled := schema(t)
	for _, f := range fields() {
		data := []byte("apiVersion: " + APIVersion + "\nkind: " + Kind + "\n" + f.sample())
		if f.name == "apiVersion" || f.name == "kind" {
			data = []byte("apiVersion: " + APIVersion + "\nkind: " + Kind + "\n")
		}
		if f.name == "calico" {
			data = append(data, "cni: calico\n"...)
		}
		if err := inSchema(t, compiled, data); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
		if err := decoded(data); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
	}
}

// TestSchemaHasTheDefaults wants the defaults of the schema to be those of the
// default profile.
func TestSchemaHasTheDefaults(t *testing.T) {
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Properties map[string]struct{ Default any }
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"controlPlanes": 1.0, "workers": 2.0, "cni": "cilium", "proxyMode": "iptables", "name": nil} {
		if got := parsed.Properties[name].Default; got != want {
			t.Errorf("the default of %s is %v, want %v", name, got, want)
		}
	}
}
