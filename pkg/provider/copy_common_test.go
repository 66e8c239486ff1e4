package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
