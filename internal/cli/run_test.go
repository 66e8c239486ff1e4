package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func TestClusterEnvironment(t *testing.T) {
	got := clusterEnvironment([]string{"PATH=/bin", "KUBECONFIG=/home/me", "KINDCTL_KUBECONFIG=x", "KINDCTL_CONTEXT=prod", "KINDCTL_NAME=a", "KIND_CLUSTER_NAME=b", "KINDCTL_CNI=calico"}, "run-1", "/tmp/k")
	if diff := cmp.Diff([]string{"PATH=/bin", "KINDCTL_CNI=calico", "KUBECONFIG=/tmp/k", "KINDCTL_NAME=run-1"}, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestRedirect(t *testing.T) {
	for _, tt := range []struct{ had, advice, want string }{
		{"kubectl describe nodes", "look into d", "kubectl describe nodes\nlook into d"},
		{"run again with --retain and look: kubectl describe nodes", "look into d", "look into d"},
		{"kubectl describe nodes", "", "kubectl describe nodes"},
		{"", "look into d", "look into d"},
	} {
		failure := hint.New(hint.Timeout, "X", "late", tt.had)
		redirect(failure, tt.advice)
		if failure.Advice != tt.want {
			t.Errorf("advice %q and %q make %q, want %q", tt.had, tt.advice, failure.Advice, tt.want)
		}
	}
}

// TestDiagnosticsWithoutAnything wants the failure to be kept, and to be told what
// is not, when neither the API server nor Docker answers.
func TestDiagnosticsWithoutAnything(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	var seen event.Recorder
	dir := filepath.Join(t.TempDir(), "kept")
	failure := hint.New(hint.Creation, "CREATE_FAILED", "kubeadm has given up", "")
	advice := diagnostics{dir: dir, name: "lab", client: kindctl.New(kindctl.Options{})}.verified(t.Context(), &seen, failure)
	if advice != "look into "+dir {
		t.Errorf("the advice is %q", advice)
	}
	for file, want := range map[string]string{"failure.txt": "kubeadm has given up", "report.json": "CREATE_FAILED"} {
		if data, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %q (%v):\n%s", file, want, err, data)
		}
	}
	if !slices.ContainsFunc(seen.Events(), func(e event.Event) bool {
		return e.Kind == event.Warning && strings.Contains(e.Message, "nodes: Docker does not answer")
	}) {
		t.Errorf("nothing says that the nodes could not be read: %v", seen.Events())
	}
}
