package provider

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChosenFiles(t *testing.T) {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, entry := range []struct {
		name, content string
		mode          int64
	}{
		{"kubernetes/", "", 0o755}, {"kubernetes/admin.conf", "secret", 0o600},
		{"kubernetes/pki/", "", 0o700}, {"kubernetes/pki/ca.key", "key", 0o600}, {"kubernetes/pki/apiserver.key", "other", 0o600},
		{"kubernetes/tmp/", "", 0o700}, {"kubernetes/tmp/ca.key", "not that one", 0o600},
	} {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: entry.name, Mode: entry.mode, Size: int64(len(entry.content)), Uid: 7}
		if entry.name[len(entry.name)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := out.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(entry.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	chosen, err := selectFiles(bytes.NewReader(archive.Bytes()), "/etc", []string{"/etc/kubernetes/pki/ca.key"})
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		Name, Content string
		Mode          int64
		Owner         int
	}
	var got []entry
	for in := tar.NewReader(bytes.NewReader(chosen)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(in)
		got = append(got, entry{header.Name, string(content), header.Mode, header.Uid})
	}
	want := []entry{{"etc/kubernetes", "", 0o755, 7}, {"etc/kubernetes/pki", "", 0o700, 7}, {"etc/kubernetes/pki/ca.key", "key", 0o600, 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if _, err := selectFiles(bytes.NewReader(archive.Bytes()), "/etc", []string{"/etc/kubernetes/pki/ca.crt"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want that a file is not there", err)
	}
}

func TestCopyCommon(t *testing.T) {
	of := func(files map[string]string) *box {
		return &box{cluster: "lab", network: "kind", state: "running", files: files}
	}
	like := of(map[string]string{
		"/etc/containerd/config.toml":                       "config_path",
		"/etc/containerd/certs.d/localhost:5001/hosts.toml": "[host]",
		"/usr/local/share/ca-certificates/company.crt":      "CERTIFICATE",
		"/etc/ssl/certs/ca-certificates.crt":                "bundle and CERTIFICATE",
		"/etc/ssl/certs/equal.pem":                          "equal",
		"/etc/hostname":                                     "lab-worker",
	})
	joiner := of(map[string]string{
		"/etc/containerd/config.toml":        "stock",
		"/etc/ssl/certs/ca-certificates.crt": "bundle",
		"/etc/ssl/certs/equal.pem":           "equal",
		"/etc/hostname":                      "lab-worker2",
	})
	like.name, joiner.name = "lab-worker", "lab-worker2"
	docker := &dockerd{containers: []*box{like, joiner}, networks: []*bridge{lan("kind")}}
	lab := docker.engine(t).Cluster("lab")
	from, to := lab.Node("lab-worker"), lab.Node("lab-worker2")
	changed, err := from.CopyConfiguration(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/etc/containerd/certs.d/localhost:5001/hosts.toml", "/etc/containerd/config.toml",
		"/usr/local/share/ca-certificates/company.crt", "/etc/ssl/certs/ca-certificates.crt",
	}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
	files := maps.Clone(like.files)
	files["/etc/hostname"] = "lab-worker2"
	if diff := cmp.Diff(files, joiner.files); diff != "" {
		t.Errorf("the new node holds (-want +got):\n%s", diff)
	}
	before := len(docker.changes)
	if changed, err := from.CopyConfiguration(t.Context(), to); err != nil || len(changed) > 0 || len(docker.changes) > before {
		t.Errorf("equal nodes: %v, %v, %v", changed, err, docker.changes)
	}
}

func TestWholeImages(t *testing.T) {
	const table = `REF                TYPE                       DIGEST      STATUS           SIZE            UNPACKED
qa-reg:5000/app:1  application/vnd.oci.image  sha256:aaa  incomplete (2/3) 1.0 KiB/2.0 KiB true
shop:dev           application/vnd.oci.image  sha256:bbb  complete (3/3)   2.0 KiB/2.0 KiB true
broken:1           application/vnd.oci.image  sha256:ccc  unavailable (0/?) 0.0 B/?        false
`
	got := slices.Sorted(maps.Keys(completeIn(strings.NewReader(table))))
	if want := []string{"shop:dev"}; !slices.Equal(got, want) {
		t.Errorf("whole are %v, want %v", got, want)
	}
}

func TestErrorsHoldNoBytesOfArchives(t *testing.T) {
	archive := "index.json\x00\x00\x000000644\x00ustar\x00\n\xff\xfe\x00\nctr: content digest sha256:aaa: not found\n" + strings.Repeat("é", 2*lineWidth)
	got := lastLines(archive)
	want := []string{"ctr: content digest sha256:aaa: not found", strings.Repeat("é", lineWidth) + "..."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
