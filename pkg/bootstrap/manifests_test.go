package bootstrap

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestReadManifests reads manifests from files and from a server.
func TestReadManifests(t *testing.T) {
	const good = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\n"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(good)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/good.yaml" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, good)
	}))
	defer server.Close()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name     string
		manifest clusters.Manifest
		reason   string // none means that it is read
		text     string
	}{
		{"a file", clusters.Manifest{File: file("good.yaml", good)}, "", ""},
		{"a file as it was", clusters.Manifest{File: file("good.yaml", good), SHA256: sum}, "", ""},
		{"a file that has changed", clusters.Manifest{File: file("changed.yaml", good+"\n"), SHA256: sum}, "MANIFEST_CHANGED", "not to " + sum},
		{"no file", clusters.Manifest{File: filepath.Join(dir, "missing.yaml")}, "MANIFEST_UNREADABLE", "missing.yaml"},
		{"a folder", clusters.Manifest{File: dir}, "MANIFEST_UNREADABLE", dir},
		{"an address", clusters.Manifest{URL: server.URL + "/good.yaml", SHA256: sum}, "", ""},
		{"an address with something else", clusters.Manifest{URL: server.URL + "/good.yaml", SHA256: strings.Repeat("0", 64)}, "MANIFEST_CHANGED", "hashes to " + sum},
		{"an address of nothing", clusters.Manifest{URL: server.URL + "/gone.yaml"}, "MANIFEST_UNREACHABLE", "404"},
		{"not YAML", clusters.Manifest{File: file("bad.yaml", "kind: [")}, "MANIFEST_INVALID", "bad.yaml"},
		{"nothing", clusters.Manifest{File: file("empty.yaml", "# nothing\n")}, "MANIFEST_INVALID", "it holds no objects"},
		{"no name", clusters.Manifest{File: file("nameless.yaml", "kind: Pod\napiVersion: v1\nmetadata: {generateName: a-}\n")}, "MANIFEST_INVALID", "a Pod has no name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read, err := readManifests(t.Context(), []clusters.Manifest{tt.manifest})
			if hint.ReasonOf(err) != tt.reason || err != nil && (!strings.Contains(err.Error(), tt.text) || hint.AdviceOf(err) == "") {
				t.Fatalf("error is %v, want %s with %q", err, tt.reason, tt.text)
			}
			if err == nil && (len(read) != 1 || len(read[0].objects) != 2 || !read[0].wait) {
				t.Errorf("read %+v", read)
			}
		})
	}
}
