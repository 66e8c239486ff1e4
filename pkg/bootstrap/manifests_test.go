package bootstrap

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

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

func TestMayCome(t *testing.T) {
	pods, shelves := schema.GroupResource{Resource: "pods"}, schema.GroupKind{Group: "qa.example.test", Kind: "Shelf"}
	terminating := apierrors.NewForbidden(pods, "a", errors.New("unable to create new content in namespace x because it is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"a kind of an operator":   {&meta.NoKindMatchError{GroupKind: shelves, SearchedVersions: []string{"v1"}}, true},
		"a misspelled kind":       {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "apps", Kind: "Deploymnt"}}, false},
		"a namespace":             {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop"), true},
		"a service account":       {apierrors.NewForbidden(pods, "a", errors.New(`error looking up service account shop/app: serviceaccount "app" not found`)), true},
		"a namespace that ends":   {terminating, true},
		"Pod Security":            {apierrors.NewForbidden(pods, "a", errors.New(`violates PodSecurity "restricted:latest"`)), false},
		"a webhook without a pod": {apierrors.NewInternalError(errors.New("failed calling webhook")), true},
		"a wrong field":           {apierrors.NewInvalid(shelves, "first", nil), false},
	} {
		if got := mayCome(fmt.Errorf("apply: %w", test.err)); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
