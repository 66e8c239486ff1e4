package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	kinderrors "sigs.k8s.io/kind/pkg/errors"
	"sigs.k8s.io/kind/pkg/exec"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestCheckKubeconfig(t *testing.T) {
	const good = "apiVersion: v1\nkind: Config\n"
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		reason  string
	}{
		{"not there yet", func(*testing.T, string) {}, ""},
		{"good", write("", good), ""},
		{"empty", write("", ""), ""},
		{"locked", write(".lock", ""), "KUBECONFIG_LOCKED"},
		{"broken", write("", "clusters: 3\n"), "KUBECONFIG_BROKEN"},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "KUBECONFIG_UNWRITABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			tt.prepare(t, path)
			synctest.Test(t, func(t *testing.T) { // in which waiting for a lock takes no time
				err := CheckKubeconfig(t.Context(), path)
				if got := hint.ReasonOf(err); got != tt.reason || (err != nil) != (tt.reason != "") {
					t.Errorf("error is %v (%s), want %q", err, got, tt.reason)
				}
			})
		})
	}
	t.Run("below a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write("", "")(t, path)
		if err := CheckKubeconfig(t.Context(), filepath.Join(path, "config")); hint.ReasonOf(err) != "KUBECONFIG_UNWRITABLE" {
			t.Errorf("error is %v, want KUBECONFIG_UNWRITABLE", err)
		}
	})
}

// TestUnlocked wants a lock that others hold for a moment to be waited for, and
// a wait to end with its context.
func TestUnlocked(t *testing.T) {
	held := &fs.PathError{Op: "open", Path: "config.lock", Err: syscall.EEXIST}
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		err := unlocked(t.Context(), func() error {
			if tries++; tries < 3 {
				return fmt.Errorf("failed to lock config file: %w", held)
			}
			return nil
		})
		if err != nil || tries != 3 {
			t.Errorf("%d tries, then %v", tries, err)
		}
		err = unlocked(t.Context(), func() error { return held })
		if hint.ReasonOf(err) != "KUBECONFIG_LOCKED" || !strings.Contains(hint.AdviceOf(err), "rm config.lock") {
			t.Errorf("error is %v (%s)", err, hint.AdviceOf(err))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := unlocked(ctx, func() error { return held }); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want that of the context", err)
		}
		broken := errors.New("disk full")
		if err := unlocked(t.Context(), func() error { return broken }); err != broken { //nolint:errorlint // it comes back as it is
			t.Errorf("error is %v, want %v at once", err, broken)
		}
	})
}

// TestExplain runs a command that fails as kubeadm does under kind.
func TestExplain(t *testing.T) {
	script := `echo "[init] Using Kubernetes version" >&2
echo "error: [ERROR Port-6443]: Port 6443 is in use" >&2
for i in $(seq 12); do echo "I1129 03:12:45.1234${i}     210 round_trippers.go:632] \"Response\" verb=\"GET\" status=\"\"" >&2; done
printf 'k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1\n\tk8s.io/kubernetes/runner.go:259\nmain.main\nruntime.goexit\n' >&2
exit 3 # ` + strings.Repeat("a long command ", 20)
	inner := kinderrors.Wrap(exec.Command("sh", "-c", script).Run(), "failed to init node with kubeadm")
	err := explain(inner)
	for _, want := range []string{"failed to init node with kubeadm: \"sh -c", "...\": exit status 3\n", "\n  error: [ERROR Port-6443]: Port 6443 is in use"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	for _, unwanted := range []string{"workflow.", "runner.go", "main.main", "goexit", "round_trippers.go", strings.Repeat("a long command ", 10)} {
		if strings.Contains(err.Error(), unwanted) {
			t.Errorf("error %q has %q", err, unwanted)
		}
	}
	if !errors.Is(err, inner) {
		t.Error("the cause is lost")
	}
	other := errors.New("no command's")
	if explain(other) != other || explain(nil) != nil { //nolint:errorlint // they come back as they are
		t.Error("an error without a command was changed")
	}
}

func write(suffix, content string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path+suffix, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

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
