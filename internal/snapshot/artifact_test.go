package snapshot

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kindctl/kindctl/pkg/hint"
)

// lan starts a registry, and returns its name.
func lan(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestArtifactHoldsASnapshot(t *testing.T) {
	store, other, host := Store{t.TempDir()}, Store{t.TempDir()}, lan(t)
	saved(t, store, "lab", "one", strings.Repeat("content", 1000))
	m, err := store.Read("lab", "one")
	if err != nil {
		t.Fatal(err)
	}
	ref := host + "/team/lab:one"
	if err := store.Push(t.Context(), m, ref); err != nil {
		t.Fatal(err)
	}
	pulled, err := OpenArtifact(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := other.Import(t.Context(), pulled, "two", false)
	if err == nil {
		err = other.Check(t.Context(), imported)
	}
	m.Name, m.Dir = "two", filepath.Join(other.Dir, "lab", "two")
	if diff := cmp.Diff(m, imported); err != nil || diff != "" {
		t.Errorf("%v, and the manifest (-pushed +pulled):\n%s", err, diff)
	}
}

func TestForeignArtifactsAreRefused(t *testing.T) {
	store, host := Store{t.TempDir()}, lan(t)
	image, err := name.ParseReference(host + "/team/image:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(image, empty.Image); err != nil {
		t.Fatal(err)
	}
	saved(t, store, "lab", "one", "content")
	m, err := store.Read("lab", "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Push(t.Context(), m, host+"/team/lab:one"); err != nil {
		t.Fatal(err)
	}
	snapshot, err := name.ParseReference(host + "/team/lab:one")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := remote.Image(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	more, err := mutate.Append(whole, titled("more", fileLayer{filepath.Join(m.Dir, "files"), m.Nodes[0].Files}))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(snapshot.Context().Tag("more"), more); err != nil {
		t.Fatal(err)
	}
	for ref, tt := range map[string]struct {
		reason hint.Reason
		says   string
	}{
		image.Name():               {hint.SnapshotFile, "not a snapshot"},
		host + "/team/lab:missing": {hint.SnapshotRegistry, "cannot access the registry of"},
		host + "/team/lab:more":    {hint.SnapshotFile, "more in it"},
		"127.0.0.1:1/team/lab:one": {hint.SnapshotRegistry, "refused"},
		"Team/lab":                 {hint.ImageReference, "not a valid reference"},
		"lab:one":                  {hint.ImageReference, "with a registry"},
		"team/lab:one":             {hint.ImageReference, "with a registry"},
		host + "/team/lab":         {hint.ImageReference, "tag"},
	} {
		other := Store{t.TempDir()}
		pulled, err := OpenArtifact(t.Context(), ref)
		if err == nil {
			_, err = other.Import(t.Context(), pulled, "", false)
		}
		if hint.ReasonOf(err) != tt.reason.Name || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v (%s)", ref, err, hint.ReasonOf(err))
		}
		if left, err := filepath.Glob(filepath.Join(other.Dir, "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left are %v, %v", ref, left, err)
		}
	}
	if err := os.Truncate(filepath.Join(m.Dir, "volume"), 5); err != nil {
		t.Fatal(err)
	}
	if err := store.Push(t.Context(), m, host+"/team/lab:two"); hint.ReasonOf(err) != hint.SnapshotDamaged.Name {
		t.Errorf("a damaged snapshot is pushed: %v", err)
	}
}
