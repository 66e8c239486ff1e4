package provider

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
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
			err := CheckKubeconfig(path)
			if got := hint.ReasonOf(err); got != tt.reason || (err != nil) != (tt.reason != "") {
				t.Errorf("error is %v (%s), want %q", err, got, tt.reason)
			}
		})
	}
	t.Run("below a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write("", "")(t, path)
		if err := CheckKubeconfig(filepath.Join(path, "config")); hint.ReasonOf(err) != "KUBECONFIG_UNWRITABLE" {
			t.Errorf("error is %v, want KUBECONFIG_UNWRITABLE", err)
		}
	})
}

func write(suffix, content string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path+suffix, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogger feeds the logger what kind writes and wants its steps, once each.
func TestLogger(t *testing.T) {
	recorder := &event.Recorder{}
	l := logger{event.Start(recorder, event.Event{ID: "create"})}
	l.V(0).Info("Creating cluster \"lab\" ...")
	l.V(0).Infof(" • %s  ...\n", "Preparing nodes 📦")
	l.V(0).Infof(" ✓ %s\n", "Preparing nodes 📦")
	l.V(1).Info("a detail that nobody asked for")
	l.Warn("cgroup v1 is old")
	var got []string
	for _, e := range recorder.Events() {
		if e.Kind == event.Progress {
			got = append(got, e.Message)
		}
	}
	if diff := cmp.Diff([]string{"Preparing nodes 📦", "cgroup v1 is old"}, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}
