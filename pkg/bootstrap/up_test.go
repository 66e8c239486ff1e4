package bootstrap

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// dockerWithoutAnswers is a Docker that can be connected to, and fails whatever it is asked.
func dockerWithoutAnswers(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			http.Error(w, "no", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
	program := filepath.Join(t.TempDir(), "docker") // which is looked for, and not run
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(program))
}

// TestExamineNodes wants nodes to be looked at when there is no API that could be
// asked, and nothing before there are nodes.
func TestExamineNodes(t *testing.T) {
	dockerWithoutAnswers(t)
	looks := 0
	up := NewUp(Config{Sink: event.Discard, Examine: func(_ context.Context, client *kube.Client, _ verify.Report, _ error) {
		if looks++; client != nil {
			t.Error("there is a client of an API that never was")
		}
	}})
	up.Topology.Name = "lab"
	defer up.connection()()
	if err := up.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	up.examine(t.Context(), errors.New("Docker does not answer"))
	if looks != 0 {
		t.Error("it looks at nodes that were never begun")
	}
	up.ownsNodes = true
	up.examine(t.Context(), errors.New("kubeadm failed"))
	if looks != 1 {
		t.Errorf("%d looks at nodes without an API", looks)
	}
}
