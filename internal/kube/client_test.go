package kube

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

const twoContexts = `apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c, cluster: {server: "https://127.0.0.1:1"}}
users:
- {name: u, user: {token: t}}
contexts:
- {name: one, context: {cluster: c, user: u}}
- {name: two, context: {cluster: gone, user: u}}
`

func TestFromKubeconfig(t *testing.T) {
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write(twoContexts)
	tests := map[string]struct {
		path, context string
		code          hint.Code
		reason        string
	}{
		"the current context":       {good, "", hint.OK, ""},
		"a named context":           {good, "one", hint.OK, ""},
		"no such context":           {good, "three", hint.NotFound, "CONTEXT_MISSING"},
		"a context without cluster": {good, "two", hint.Usage, "KUBECONFIG_INVALID"},
		"no such file":              {filepath.Join(t.TempDir(), "none"), "", hint.NotFound, "KUBECONFIG_MISSING"},
		"not YAML":                  {write("{"), "", hint.Usage, "KUBECONFIG_UNREADABLE"},
		"empty":                     {write(""), "", hint.NotFound, "CONTEXT_MISSING"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, err := FromKubeconfig(test.path, test.context)
			if hint.CodeOf(err) != test.code || hint.ReasonOf(err) != test.reason {
				t.Fatalf("got code %d, reason %q: %v", hint.CodeOf(err), hint.ReasonOf(err), err)
			}
			if err == nil && client.Config.Host != "https://127.0.0.1:1" {
				t.Errorf("host %q", client.Config.Host)
			}
			if err != nil && hint.AdviceOf(err) == "" {
				t.Error("no advice")
			}
		})
	}
}
