package cli

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// fakeEngine answers as Docker without containers, networks and images where DOCKER_HOST says, with
// the facts of a file: engine info.json. In these, NOW is the time. It also
// takes a port, $TAKEN_PORT.
func fakeEngine(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: engine INFO")
	}
	info := ts.ReadFile(args[0])
	listener, err := net.Listen("unix", strings.TrimPrefix(ts.Getenv("DOCKER_HOST"), "unix://"))
	ts.Check(err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Api-Version", "1.45")
		switch {
		case strings.HasSuffix(r.URL.Path, "/_ping"):
			_, _ = w.Write([]byte("OK"))
		case strings.HasSuffix(r.URL.Path, "/info"):
			_, _ = w.Write([]byte(strings.ReplaceAll(info, "NOW", time.Now().Format(time.RFC3339Nano))))
		case strings.HasSuffix(r.URL.Path, "/containers/json"), strings.HasSuffix(r.URL.Path, "/networks"), strings.HasSuffix(r.URL.Path, "/images/json"):
			_, _ = w.Write([]byte("[]"))
		default:
			http.NotFound(w, r)
		}
	})}
	go func() { _ = server.Serve(listener) }()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("TAKEN_PORT", strconv.Itoa(taken.Addr().(*net.TCPAddr).Port))
	ts.Defer(func() { server.Close(); taken.Close() })
}

func TestDoctorTable(t *testing.T) {
	found := kindctl.HostReport{
		Cluster: "1 control plane",
		Findings: []kindctl.Finding{
			{ID: "a", State: host.OK, Observed: "well"},
			{ID: "long.one", State: host.Warning, Observed: "low", Effect: "slow", Fix: "raise"},
			{ID: "b", State: host.Fatal, Observed: "gone", Effect: "dead", Fix: "install"},
			{ID: "c", State: host.Unobserved, Observed: "dark"},
		},
		Repairs: []kindctl.Repair{{ID: "x", Done: "did it"}, {ID: "y", Error: "takes root"}},
	}
	var out strings.Builder
	printHostReport(&out, found, true)
	want := `fixed x: did it
not fixed y: takes root
✓ a         well
! long.one  low
              effect: slow
              fix: raise
✗ b         gone
              effect: dead
              fix: install
? c         dark

1 ok, 1 warning, 1 fatal, 1 unknown: a cluster with 1 control plane cannot be made here.
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestTopologyFlags wants doctor and config to know what up knows of the shape
// of a cluster, and no flag of how it is made.
func TestTopologyFlags(t *testing.T) {
	var names []string
	for _, flag := range topologyFlags() {
		names = append(names, flag.Names()[0])
	}
	elsewhere := []string{"image", "images", "image-registry", "wait-timeout", "report", "trace", ignoreFlag}
	for _, flag := range clusterFlags() {
		if name := flag.Names()[0]; !slices.Contains(names, name) && !slices.Contains(elsewhere, name) {
			t.Errorf("--%s is new: is it of the cluster's shape (topologyFlags) or of how it is made (this test)?", name)
		}
	}
	for _, name := range []string{"cni", "proxy-mode", "config", "profile", "control-planes", "workers"} {
		if !slices.Contains(names, name) {
			t.Errorf("--%s is missing", name)
		}
	}
}
