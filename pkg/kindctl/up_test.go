package kindctl

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestUpWaits: another process is at work on the cluster, which is no error for who
// waits. Without Docker, Up fails afterwards.
func TestUpWaits(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	topology, err := clusters.Profile("single")
	if err != nil {
		t.Fatal(err)
	}
	topology.Name = "ours"
	release, err := runs.Lock("ours")
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	client := New(Options{Sink: event.Func(func(e event.Event) {
		if strings.Contains(e.Message, "waiting for another") {
			waited = true
			release() // the other one has finished
		}
	})})
	options := UpOptions{Topology: topology, Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if _, err := client.Up(t.Context(), options); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		t.Errorf("without Wait the error is %v", err)
	}
	options.Wait = true
	if _, err := client.Up(t.Context(), options); !waited || hint.CodeOf(err) != hint.Preflight {
		t.Errorf("waited %v: %v", waited, err)
	}
}
