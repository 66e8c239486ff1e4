package images

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kindctl/kindctl/pkg/hint"
)

// archived writes files as a tar archive, compressed if its name says so.
func archived(t *testing.T, file string, files ...[2]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var w io.Writer = out
	if strings.HasSuffix(file, "gz") {
		zipped := gzip.NewWriter(out)
		defer zipped.Close()
		w = zipped
	}
	archive := tar.NewWriter(w)
	defer archive.Close()
	for _, f := range files {
		if err := archive.WriteHeader(&tar.Header{Name: f[0], Mode: 0o600, Size: int64(len(f[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

const (
	dockers = `[{"Config":"blobs/sha256/aa","RepoTags":["app:dev","registry.local:5000/app:1"]},{"Config":"bb.json","RepoTags":["db:dev"]}]`
	layout  = `{"schemaVersion":2,"manifests":[{"digest":"sha256:cc","annotations":{"io.containerd.image.name":"docker.io/library/app:dev"}}]}`
)

func TestInArchive(t *testing.T) {
	cc := "sha256:" + strings.Repeat("c", 64)
	index := strings.Replace(layout, "sha256:cc", cc, 1)
	both := []Image{{Name: "docker.io/library/app:dev", Digests: []string{"sha256:aa", cc}}, {Name: "registry.local:5000/app:1", Digests: []string{"sha256:aa"}}, {Name: "docker.io/library/db:dev", Digests: []string{"sha256:bb"}}}
	for _, file := range []string{"a.tar", "a.tar.gz"} {
		found, err := InArchive(archived(t, file, [2]string{"blobs/sha256/layer", "content"}, [2]string{"index.json", index}, [2]string{"manifest.json", dockers}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(both, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	found, err := InArchive(archived(t, "oci.tar", [2]string{"./index.json", index}))
	if err != nil || len(found) != 1 || found[0].Digests[0] != cc {
		t.Errorf("an OCI layout holds %+v, %v", found, err)
	}
}

// TestInArchiveOfALibrary reads what another writer makes.
func TestInArchiveOfALibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar")
	if err := tarball.WriteToFile(path, name.MustParseReference("app:dev"), empty.Image); err != nil {
		t.Fatal(err)
	}
	id, err := empty.Image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	found, err := InArchive(path)
	if diff := cmp.Diff([]Image{{Name: "docker.io/library/app:dev", Digests: []string{id.String()}}}, found); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestNoArchives(t *testing.T) {
	for path, reason := range map[string]string{
		filepath.Join(t.TempDir(), "none.tar"):                                                                                   "ARCHIVE_MISSING",
		archived(t, "other.tar", [2]string{"readme", "hello"}):                                                                   "ARCHIVE_NAMELESS",
		archived(t, "nameless.tar", [2]string{"manifest.json", `[{}]`}):                                                          "ARCHIVE_NAMELESS",
		archived(t, "broken.tar", [2]string{"manifest.json", `{`}):                                                               "ARCHIVE_BROKEN",
		archived(t, "digest.tar", [2]string{"manifest.json", "[{\"RepoTags\":[\"a@sha256:" + strings.Repeat("a", 64) + "\"]}]"}): "ARCHIVE_BROKEN",
		"archive.go": "ARCHIVE_BROKEN",
	} {
		if _, err := InArchive(path); hint.ReasonOf(err) != reason || hint.AdviceOf(err) == "" {
			t.Errorf("%s: %v, want %s with advice", filepath.Base(path), err, reason)
		}
	}
}

func TestNamed(t *testing.T) {
	for image, want := range map[string]string{
		"app": "docker.io/library/app:latest", "app:dev": "docker.io/library/app:dev", "team/app": "docker.io/team/app:latest",
		"docker.io/app:1": "docker.io/library/app:1", "registry.k8s.io/pause:3.10": "registry.k8s.io/pause:3.10", "localhost:5000/a/b:c": "localhost:5000/a/b:c",
		"App": "", "a b": "", "app@sha256:" + strings.Repeat("a", 64): "",
	} {
		got, err := Named(image)
		if got != want || (err == nil) != (want != "") || err != nil && hint.CodeOf(err) != hint.Usage {
			t.Errorf("%q is %q, %v; want %q", image, got, err, want)
		}
	}
}
