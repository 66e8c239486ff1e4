package lab

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/lab/hosts"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestStore(t *testing.T) {
	store := Store{filepath.Join(t.TempDir(), "labs")}
	if _, err := store.Find(""); hint.ReasonOf(err) != hint.LabMissing.Name {
		t.Errorf("without labs: %v", err)
	}
	for _, name := range []string{"lab-a", "lab-b"} {
		if err := store.Write(State{Cluster: name, Key: "secret", Current: 2}); err != nil {
			t.Fatal(err)
		}
		if name, err := store.Find(""); name == "lab-a" && err != nil {
			t.Errorf("with one lab: %q, %v", name, err)
		}
	}
	if _, err := store.Find(""); hint.ReasonOf(err) != hint.LabAmbiguous.Name {
		t.Errorf("with two labs: %v", err)
	}
	if _, err := store.Find("lab-c"); hint.ReasonOf(err) != hint.LabMissing.Name {
		t.Errorf("another name: %v", err)
	}
	info, err := os.Stat(filepath.Join(store.Dir, "lab-a", "state.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state is %v, %v", info, err)
	}
	if state, err := store.Read("lab-a"); err != nil || state.Current != 2 || state.Key != "secret" {
		t.Errorf("read %+v, %v", state, err)
	}
	if err := store.Copy("lab-a", fstest.MapFS{"index.json": {Data: []byte("{}")}}); err != nil || !format.IsScenario(store.Folder("lab-a")) {
		t.Errorf("the copy is no lab: %v", err)
	}
	if err := os.WriteFile(filepath.Join(store.Dir, "lab-b", "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Read("lab-b"); hint.ReasonOf(err) != hint.LabState.Name {
		t.Errorf("a broken state: %v", err)
	}
	if err := store.Remove("lab-b"); err != nil {
		t.Fatal(err)
	}
	if names, err := store.Names(); err != nil || len(names) != 1 {
		t.Errorf("left are %q, %v", names, err)
	}
}

func TestName(t *testing.T) {
	for source, want := range map[string]string{
		"/a/Pods & Services": "lab-pods-services", "/": "lab-lab", "/课程": "lab-lab",
		"a-name-that-is-longer-than-nodes-may-have-it": "lab-a-name-that-is-longer-than-nodes-may",
	} {
		if got := Name(source); got != want {
			t.Errorf("%q is called %q, want %q", source, got, want)
		}
	}
}

func TestTopology(t *testing.T) {
	lab, _ := format.Read(os.DirFS("testdata/scenarios/traffic"))
	topology := Topology(lab, lab.Backend)
	if ports := topology.Groups[0].Ports; len(ports) != 1 || ports[0].ContainerPort != 30080 || topology.ProxyMode != "none" {
		t.Errorf("the cluster is %+v", topology)
	}
	named, problems := format.Read(fstest.MapFS{"index.json": {Data: []byte(
		`{"title": "T", "kindctl": {"cni": "calico"}, "details": {"steps": []}, "backend": {"imageid": "kubernetes-kubeadm-2nodes"}}`)}})
	if topology := Topology(named, named.Backend); topology.CNI != "calico" || topology.ProxyMode != "" || topology.Workers != 1 {
		t.Errorf("the cluster is %+v (%v)", topology, problems)
	}
	s := &Session{Hosts: []hosts.Host{{Address: "10.0.0.2"}}}
	address := s.AddressOf(map[format.Port]string{{Host: 1, Number: 30080}: "127.0.0.1:4711"})
	for port, want := range map[format.Port]string{
		{Host: 1, Number: 30080}: "http://127.0.0.1:4711", {Host: 1, Number: 80}: "http://10.0.0.2:80", {Host: 1}: "http://10.0.0.2:PORT", {Host: 2, Number: 80}: "http://host2",
	} {
		if got := address(port); got != want {
			t.Errorf("%v is %s, want %s", port, got, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	lab, _ := format.Read(os.DirFS("testdata/scenarios/chinese"))
	for wanted, want := range map[string]string{"zh": "zh", "zh_CN.UTF-8": "zh", "zh-Hans": "zh", "de_DE.UTF-8": "en", "": "en", "C.UTF-8": "en"} {
		if got := Language(lab, wanted); got != want {
			t.Errorf("%q is %s, want %s", wanted, got, want)
		}
	}
}
