package lifecycle

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestUntilReady asks a server that is ready at the third time, and one that
// never is.
func TestUntilReady(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < 3 {
			http.Error(w, "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac failed: reason withheld\nreadyz check failed", http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	config := direct(&rest.Config{Host: "https://192.0.2.1"}, netip.MustParseAddrPort(server.Listener.Addr().String()))
	if config.ServerName != "kubernetes" {
		t.Errorf("the server is taken for %q", config.ServerName)
	}
	config.TLSClientConfig = rest.TLSClientConfig{Insecure: true}
	var said []string
	const waiting = "not ready yet: etcd, poststarthook/rbac"
	if err := untilReady(t.Context(), config, func(err error) { said = append(said, err.Error()) }); err != nil ||
		!slices.Equal(said, []string{waiting, waiting}) {
		t.Errorf("the wait ends with %v after %q", err, said)
	}
	asked.Store(-1000)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := untilReady(ctx, config, func(error) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait that is over gives %v", err)
	}
}

func TestDirectAnywhere(t *testing.T) {
	if got := direct(&rest.Config{}, netip.MustParseAddrPort("0.0.0.0:6443")).Host; got != "https://127.0.0.1:6443" {
		t.Errorf("a port that is published on every address is dialed at %s", got)
	}
}

// TestDeferTimeout wants a wait that is over to be a warning, for the verification says
// what is wrong, and everything else to end the start.
func TestDeferTimeout(t *testing.T) {
	recorder := &event.Recorder{}
	s := NewStart(StartConfig{Sink: recorder})
	late := hint.New(hint.Timeout, "NODES_NOT_READY", "not all nodes are ready", "look")
	if _, err := s.deferTimeout(t.Context(), "", late); err != nil {
		t.Errorf("a wait that is over ends the start: %v", err)
	}
	if events := recorder.Events(); len(events) != 1 || events[0].Kind != event.Warning || events[0].Hint != "look" {
		t.Errorf("events are %+v", events)
	}
	if _, err := s.deferTimeout(t.Context(), "", errors.New("forbidden")); err == nil {
		t.Error("an error that is no timeout is passed over")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.deferTimeout(ctx, "", late); err == nil {
		t.Error("an interrupt is passed over")
	}
}

func TestStartPlanNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, phase := range NewStart(StartConfig{}).Plan() {
		if seen[phase.Name] || phase.Title == "" || phase.Run == nil {
			t.Errorf("phase %q is there twice, or has no title or function", phase.Name)
		}
		seen[phase.Name] = true
	}
}

func TestSince(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	since := (&Start{nodes: []*provider.Node{{Name: "a", Started: start}}}).since()
	if !since["a"].Equal(start.Truncate(time.Second)) { // Kubernetes writes whole seconds
		t.Errorf("the node was started at %v, want whole seconds", since["a"])
	}
}
