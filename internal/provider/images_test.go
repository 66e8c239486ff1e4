package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestImageTable reads what ctr prints: an image with two names, and the names
// that Kubernetes' part of containerd adds.
func TestImageTable(t *testing.T) {
	const table = `REF                              TYPE                                                 DIGEST      SIZE      PLATFORMS   LABELS
docker.io/library/app:dev        application/vnd.docker.distribution.manifest.v2+json sha256:man  1.2 MiB   linux/amd64 io.cri-containerd.image=managed
docker.io/library/app:latest     application/vnd.docker.distribution.manifest.v2+json sha256:man  1.2 MiB   linux/amd64 -
registry.k8s.io/pause:3.10       application/vnd.oci.image.index.v1+json              sha256:idx  300.0 KiB linux/amd64 -
sha256:config                    application/vnd.docker.distribution.manifest.v2+json sha256:man  1.2 MiB   linux/amd64 -
`
	want := map[string][]string{
		"docker.io/library/app:dev": {"sha256:man", "sha256:config"}, "docker.io/library/app:latest": {"sha256:man", "sha256:config"},
		"registry.k8s.io/pause:3.10": {"sha256:idx"}, "sha256:config": {"sha256:man", "sha256:config"},
	}
	if diff := cmp.Diff(want, imageTable(strings.NewReader(table))); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}

func TestSnapshotterIn(t *testing.T) {
	for name, test := range map[string]struct{ config, want string }{
		"version 2":      {"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"overlayfs\"\n", "overlayfs"},
		"version 3":      {"version = 3\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = 'native'\n", "native"},
		"version 4":      {"version = 4\n[plugins]\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = 'overlayfs'\n", "overlayfs"},
		"no snapshotter": {"version = 3\n", ""},
		"no TOML":        {"aaaa", ""},
	} {
		if got, err := snapshotterIn(test.config); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: %q, %v, want %q", name, got, err, test.want)
		}
	}
}
