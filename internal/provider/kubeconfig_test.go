package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// entryOf is a kubeconfig with one cluster, and another context that is the current one.
func entryOf(server, authority, certificate string) *api.Config {
	config := api.NewConfig()
	config.Clusters["kind-lab"] = &api.Cluster{Server: server, CertificateAuthorityData: []byte(authority)}
	config.AuthInfos["kind-lab"] = &api.AuthInfo{ClientCertificateData: []byte(certificate), ClientKeyData: []byte("key of " + certificate)}
	config.Contexts["kind-lab"] = &api.Context{Cluster: "kind-lab", AuthInfo: "kind-lab"}
	config.CurrentContext = "work"
	return config
}

func TestRefresh(t *testing.T) {
	now := entryOf("https://127.0.0.1:40002", "ca", "new")
	token := entryOf("https://127.0.0.1:40002", "ca", "")
	token.AuthInfos["kind-lab"] = &api.AuthInfo{Token: "own"}
	for name, test := range map[string]struct {
		has    *api.Config
		want   Refreshed
		server string
	}{
		"no entry":                          {api.NewConfig(), NoEntry, ""},
		"an entry that is right":            {entryOf("https://127.0.0.1:40002", "ca", "new"), Current, "https://127.0.0.1:40002"},
		"another port":                      {entryOf("https://127.0.0.1:40001", "ca", "new"), Updated, "https://127.0.0.1:40002"},
		"a certificate that was renewed":    {entryOf("https://127.0.0.1:40002", "ca", "old"), Updated, "https://127.0.0.1:40002"},
		"a server that the user has chosen": {entryOf("https://build.example.test:40001", "ca", "new"), Current, "https://build.example.test:40001"},
		"another cluster of that name":      {entryOf("https://127.0.0.1:40001", "other", "new"), NoEntry, "https://127.0.0.1:40001"},
		"a token of the user's":             {token, Current, "https://127.0.0.1:40002"},
	} {
		has := documentOf(t, test.has)
		if got := has.refresh(documentOf(t, now), "kind-lab"); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		test.has = configOf(t, has)
		if cluster := test.has.Clusters["kind-lab"]; cluster != nil && cluster.Server != test.server {
			t.Errorf("%s: the server is %s, want %s", name, cluster.Server, test.server)
		}
		if user := test.has.AuthInfos["kind-lab"]; test.want == Updated && string(user.ClientCertificateData)+string(user.ClientKeyData) != "newkey of new" {
			t.Errorf("%s: the credentials are %s", name, user.ClientCertificateData)
		}
	}
}

// documentOf is a configuration as it is written.
func documentOf(t *testing.T, config *api.Config) (document kubeconfig) {
	t.Helper()
	data, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// configOf is what client-go reads in a document.
func configOf(t *testing.T, document kubeconfig) *api.Config {
	t.Helper()
	data, err := yaml.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestMergeKeepsTheNamespace(t *testing.T) {
	mine := documentOf(t, entryOf("https://127.0.0.1:1", "ca", "old"))
	mine["contexts"] = []any{map[string]any{"name": "kind-lab", "context": map[string]any{"cluster": "kind-lab", "user": "other", "namespace": "shop"}}}
	added := documentOf(t, entryOf("https://127.0.0.1:2", "ca", "new"))
	added["contexts"] = []any{map[string]any{"name": "kind-lab", "context": map[string]any{"cluster": "kind-lab", "user": "kind-lab"}}}
	mine.merge(added, true)
	got := configOf(t, mine)
	if context := got.Contexts["kind-lab"]; context == nil || context.Namespace != "shop" || context.AuthInfo != "kind-lab" {
		t.Errorf("the context is %+v", context)
	}
	if server := got.Clusters["kind-lab"].Server; server != "https://127.0.0.1:2" {
		t.Errorf("the server is %s", server)
	}
}

func TestChangeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "config")
	if err := changeFile(t.Context(), file, func(kubeconfig) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written without a change")
	}
	for _, server := range []string{"https://127.0.0.1:1", "https://127.0.0.1:2"} {
		if err := changeFile(t.Context(), file, func(config kubeconfig) bool {
			config["clusters"] = []any{map[string]any{"name": "kind-lab", "cluster": map[string]any{"server": server}}}
			return true
		}); err != nil {
			t.Fatal(err)
		}
		config, err := clientcmd.LoadFromFile(file)
		if err != nil || config.Clusters["kind-lab"].Server != server {
			t.Errorf("the file holds %+v, %v, want %s", config, err, server)
		}
	}
	if _, err := os.Stat(file + ".lock"); err == nil {
		t.Error("the lock is left")
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := changeFile(t.Context(), file, func(kubeconfig) bool { return true }); err == nil {
		t.Error("a broken kubeconfig was overwritten")
	}
}

// TestMerge merges a cluster into a file and takes it away again. What client-go
// does not know of stays, and so does the order.
func TestMerge(t *testing.T) {
	const before = "apiVersion: v1\nclusters:\n- cluster:\n    server: https://work\n  name: work\ncontexts:\n- context:\n    cluster: work\n    user: work\n  name: work\ncurrent-context: work\nkind: Config\nunknown:\n  here: 1\n"
	added := kubeconfig{}
	if err := yaml.Unmarshal([]byte("apiVersion: v1\nkind: Config\nclusters:\n- {name: kubernetes, cluster: {server: https://a:6443}}\nusers:\n- {name: admin, user: {token: t}}\ncontexts:\n- {name: admin@kubernetes, context: {cluster: kubernetes, user: admin}}\ncurrent-context: admin@kubernetes\n"), &added); err != nil {
		t.Fatal(err)
	}
	if err := added.rename("kind-lab", "https://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, before string
		keep         bool
		current      string
	}{
		{"a file with another cluster", before, false, "kind-lab"},
		{"one whose context is kept", before, true, "work"},
		{"no file", "", false, "kind-lab"},
		{"an empty document", "# nothing\n", false, "kind-lab"},
	} {
		file := filepath.Join(t.TempDir(), "config")
		if test.before != "" {
			write("", test.before)(t, file)
		}
		for range 2 { // the second time nothing is there twice
			if err := changeFile(t.Context(), file, func(config kubeconfig) bool { config.merge(added, test.keep); return true }); err != nil {
				t.Fatal(err)
			}
		}
		merged, err := clientcmd.LoadFromFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if merged.CurrentContext != test.current || merged.Clusters["kind-lab"].Server != "https://127.0.0.1:1" ||
			merged.Contexts["kind-lab"].AuthInfo != "kind-lab" ||
			merged.AuthInfos["kind-lab"].Token != "t" {
			t.Errorf("%s: merged is %+v", test.name, merged)
		}
		if err := changeFile(t.Context(), file, func(config kubeconfig) bool { return config.remove("kind-lab") }); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := before
		switch {
		case test.before != before:
			want = "apiVersion: v1\nkind: Config\n"
		case !test.keep:
			want = strings.Replace(before, "current-context: work\n", "", 1)
		}
		if diff := cmp.Diff(want, string(after)); diff != "" {
			t.Errorf("%s: after the removal (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestKubeconfig wants the kubeconfig of the control plane with kind's names and the
// address that the host has, and none of one that does not run.
func TestKubeconfig(t *testing.T) {
	plane := labBox("lab-control-plane", "control-plane", "running")
	plane.files[adminConfig] = "clusters:\n- {name: kubernetes, cluster: {server: \"https://lab-control-plane:6443\"}}\nusers:\n- {name: admin, user: {token: t}}\ncontexts:\n- {name: admin@kubernetes, context: {cluster: kubernetes, user: admin}}\n"
	lab := (&dockerd{containers: []*box{plane, labBox("lab-worker", "worker", "running")}}).engine(t).Cluster("lab")
	for internal, server := range map[bool]string{false: "https://127.0.0.1:40001", true: "https://lab-control-plane:6443"} {
		got, err := lab.Kubeconfig(t.Context(), internal)
		want := "clusters:\n- cluster:\n    server: " + server + "\n  name: kind-lab\ncontexts:\n- context:\n    cluster: kind-lab\n    user: kind-lab\n  name: kind-lab\ncurrent-context: kind-lab\nusers:\n- name: kind-lab\n  user:\n    token: t\n"
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("internal %v: %v (-want +got):\n%s", internal, err, diff)
		}
	}
	plane.state = "exited"
	if text, err := lab.Kubeconfig(t.Context(), false); err == nil {
		t.Errorf("one that does not run has %q", text)
	}
}
