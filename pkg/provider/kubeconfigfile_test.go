package provider

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
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
		if got := refresh(test.has, now, "kind-lab"); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		if cluster := test.has.Clusters["kind-lab"]; cluster != nil && cluster.Server != test.server {
			t.Errorf("%s: the server is %s, want %s", name, cluster.Server, test.server)
		}
		if user := test.has.AuthInfos["kind-lab"]; test.want == Updated && string(user.ClientCertificateData)+string(user.ClientKeyData) != "newkey of new" {
			t.Errorf("%s: the credentials are %s", name, user.ClientCertificateData)
		}
	}
}

func TestChangeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "config")
	if err := changeFile(t.Context(), file, func(*api.Config) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written without a change")
	}
	for _, server := range []string{"https://127.0.0.1:1", "https://127.0.0.1:2"} {
		if err := changeFile(t.Context(), file, func(config *api.Config) bool {
			config.Clusters["kind-lab"], config.Extensions = &api.Cluster{Server: server}, nil
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
	if err := changeFile(t.Context(), file, func(*api.Config) bool { return true }); err == nil {
		t.Error("a broken kubeconfig was overwritten")
	}
}
