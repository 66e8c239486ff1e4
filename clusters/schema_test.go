package clusters

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// published is where editors find the schema.
var published = filepath.Join("..", "docs", "config.schema.json")

func TestSchemaIsPublished(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale; write it anew: go test ./clusters -run TestSchemaIsPublished -update\n%s", published, diff)
	}
}

// TestFieldsAreDescribed finds a field without a description, and the other way
// round.
func TestFieldsAreDescribed(t *testing.T) {
	var described []string
	for _, f := range fields() {
		described = append(described, f.name)
		if f.about == "" || f.example == "" || len(f.schema) == 0 {
			t.Errorf("%s has no description, no example or no schema", f.name)
		}
	}
	if diff := cmp.Diff(fieldNames(), described); diff != "" {
		t.Errorf("fields (-code +description):\n%s", diff)
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

// inSchema judges a configuration file by the published schema.
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

// decoded judges a configuration file as up does.
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
		{"nobody for Services", head + "cni: calico\nproxyMode: none\n", false},
		{"nobody at all", head + "cni: none\nproxyMode: none\n", false},
		{"no head", "workers: 1\n", false},
		{"a future version", "apiVersion: kindctl.dev/v9\nkind: Cluster\n", false},
		{"another kind", "apiVersion: kindctl.dev/v1alpha1\nkind: Config\n", false},
		{"a misspelt field", head + "wrokers: 1\n", false},
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
		{"a subnet of IPv6", head + "podSubnet: fd00::/48\n", false},
		{"a subnet that is an address", head + "podSubnet: 10.244.0.0\n", false},
		{"an octet too large", head + "podSubnet: 10.256.0.0/16\n", false},
		{"an octet with a zero before it", head + "podSubnet: 10.04.0.0/16\n", false},
		{"a prefix too long", head + "serviceSubnet: 10.96.0.0/33\n", false},
		{"a port too large", head + "apiServerPort: 65536\n", false},
		{"a port below none", head + "apiServerPort: -1\n", false},
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
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.HasPrefix(block[1], "apiVersion: "+group) {
			examples++
			files["README.md: "+strings.SplitN(block[1], "\n", 4)[2]] = []byte(block[1])
		}
	}
	if examples == 0 {
		t.Error("README.md has no example")
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
		PodSubnet: "10.0.0.0/16", ServiceSubnet: "172.16.0.0/16", APIServerPort: 6443,
	}}
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
		got.origin = nil
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Topology{})); diff != "" {
			t.Errorf("written and read (-want +got):\n%s\n%s", diff, data)
		}
		// What is a comment is right, too, once it is none any more.
		uncommented := regexp.MustCompile(`(?m)^# ([a-zA-Z]+: \S+)$`).ReplaceAll(data, []byte("$1"))
		if err := decoded(uncommented); err != nil {
			t.Errorf("%v\n%s", err, uncommented)
		}
		for _, f := range fields() {
			if !slices.Contains(strings.Split(string(data), "\n"), "# "+f.about) || !bytes.Contains(uncommented, []byte("\n"+f.name+": ")) {
				t.Errorf("%s is not in\n%s", f.name, data)
			}
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
