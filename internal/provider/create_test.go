package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/event"
)

// TestToItsEnd has work return with an error while what it has started goes on.
func TestToItsEnd(t *testing.T) {
	failure, ended := errors.New("no"), atomic.Bool{}
	err := runToEnd(t.Context(), func() error {
		go func() {
			time.Sleep(100 * time.Millisecond)
			done := make(chan struct{})
			go func() {
				defer close(done)
				time.Sleep(100 * time.Millisecond)
				ended.Store(true)
			}()
			<-done
		}()
		return failure
	})
	if err != failure || !ended.Load() { //nolint:errorlint // it comes back as it is
		t.Errorf("error is %v, ended is %v", err, ended.Load())
	}
}

// slowMaker is Docker's API while it makes a container, by whose name it says that it
// knows none and that the name is taken.
type slowMaker struct {
	sync.Mutex
	refusals int
	changes  []string
}

func (s *slowMaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Api-Version", "1.47")
	w.Header().Set("Content-Type", "application/json")
	say := func(code int, message string) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
	}
	path := versioned.ReplaceAllString(r.URL.Path, "")
	switch {
	case r.Method == http.MethodDelete:
		s.changes = append(s.changes, "remove "+strings.TrimPrefix(path, "/containers/"))
		w.WriteHeader(http.StatusNoContent)
	case path == "/containers/create" && s.refusals > 0:
		s.refusals--
		say(http.StatusConflict, `the container name "/lab-worker" is already in use`)
	case path == "/containers/create":
		s.changes = append(s.changes, "create "+r.URL.Query().Get("name"))
		_ = json.NewEncoder(w).Encode(map[string]string{"Id": "probe"})
	case path == "/containers/lab-control-plane/json":
		_, _ = w.Write([]byte(`{"Id": "lab-control-plane"}`))
	case path == "/containers/lab-worker/json":
		say(http.StatusNotFound, "no such container")
	}
}

// TestSettle wants a container to be waited for that has its name and is not shown, none
// that is there, and nothing to be left of the question.
func TestSettle(t *testing.T) {
	maker := &slowMaker{refusals: 3}
	server := httptest.NewServer(maker)
	t.Cleanup(server.Close)
	docker, err := client.New(client.WithHost("tcp://" + server.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { docker.Close() })
	newDocker(docker).awaitContainers(t.Context(), []PlannedNode{{Name: "lab-control-plane", Image: "node"}, {Name: "lab-worker", Image: "node"}})
	if got := strings.Join(maker.changes, ", "); maker.refusals != 0 || got != "create lab-worker, remove probe" {
		t.Errorf("%d more refusals, and Docker was asked to %s", maker.refusals, got)
	}
}

// TestNetworkVariable wants the variable to be as it was once kind has ended, and
// creations on the network that kind takes by itself to go on side by side.
func TestNetworkVariable(t *testing.T) {
	t.Setenv(networkVariable, "mine")
	err := withEnvironment(map[string]string{networkVariable: "lab-net"}, func() error {
		if got := os.Getenv(networkVariable); got != "lab-net" {
			t.Errorf("kind reads %q", got)
		}
		return nil
	})
	if got := os.Getenv(networkVariable); err != nil || got != "mine" {
		t.Errorf("after kind has ended, the variable is %q, %v", got, err)
	}
	if err := os.Unsetenv(networkVariable); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("kind has failed")
	if err := withEnvironment(map[string]string{networkVariable: "lab-net"}, func() error { return failure }); err != failure { //nolint:errorlint // it comes back as it is
		t.Errorf("error is %v", err)
	}
	if got, set := os.LookupEnv(networkVariable); set {
		t.Errorf("the variable is left at %q", got)
	}
	_ = withEnvironment(nil, func() error {
		return withEnvironment(nil, func() error {
			if got, set := os.LookupEnv(networkVariable); set {
				t.Errorf("kind reads %q", got)
			}
			return nil
		})
	})
}

// TestWarnings wants kind's warnings to be passed on once, but not those that say
// nothing new.
func TestWarnings(t *testing.T) {
	recorder := &event.Recorder{}
	w := warnings{sink: recorder}
	w.Warn("WARNING: Overriding docker network due to " + networkVariable)
	w.Warn("WARNING: Here be dragons! This is not supported currently.")
	w.Warn("cgroup v1 is deprecated in Kubernetes and will not be supported")
	w.V(0).Info("Creating cluster \"lab\" ...")
	w.Warnf("cluster name %q is probably too long\n", "lab")
	var got []string
	for _, e := range recorder.Events() {
		got = append(got, string(e.Kind)+" "+e.Message)
	}
	if want := []string{`warning cluster name "lab" is probably too long`}; !cmp.Equal(got, want) {
		t.Errorf("events are %q, want %q", got, want)
	}
}

func TestClash(t *testing.T) {
	for message, want := range map[string]int32{
		"driver failed programming external connectivity on endpoint lab-control-plane (1f): Bind for 127.0.0.1:40001 failed: port is already allocated": 40001,
		"Error starting userland proxy: listen tcp4 127.0.0.1:40002: bind: address already in use":                                                       40002,
		"failed to bind host port for 127.0.0.1:40003:172.18.0.2:6443/tcp: address already in use":                                                       40003,
		"failed to bind host port [::1]:40004/tcp: address already in use":                                                                               40004,
		"Address already in use":        -1, // an address of the network
		"pull access denied for a/b:80": -1,
	} {
		port, is := portConflict(failure{message: message})
		if is != (want >= 0) || is && port != want {
			t.Errorf("%q: port %d, %v; want %d", message, port, is, want)
		}
	}
}

// TestPortsAreTriedAgain wants another attempt when a port that kind chose was
// taken, and none when the user wants that port.
func TestPortsAreTriedAgain(t *testing.T) {
	taken := failure{message: "Bind for 127.0.0.1:40001 failed: port is already allocated"}
	for port, want := range map[int32]int{0: 3, 40001: 1, 40002: 3} {
		p, tries := (&dockerd{}).engine(t), 0
		config := &v1alpha4.Cluster{Name: "lab", Networking: v1alpha4.Networking{APIServerPort: port}}
		err := p.retryPorts(t.Context(), config, func() error {
			if tries++; tries < 3 {
				return taken
			}
			return nil
		})
		if tries != want || (err == nil) != (want == 3) {
			t.Errorf("with port %d: %d tries, %v", port, tries, err)
		}
	}
}

// docker puts a docker command on the PATH, and returns the directory that holds it.
func docker(t *testing.T, script string) (state string) {
	t.Helper()
	state = t.TempDir()
	t.Setenv("STATE", state)
	t.Setenv("PATH", state+":"+os.Getenv("PATH"))
	program := "#!/bin/sh\ncd \"$STATE\" || exit 1\n" + script
	if err := os.WriteFile(filepath.Join(state, "docker"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	return state
}

// TestProvisionEndsWithKind interrupts kind in the middle. It goes on for a while, and
// has ended when Provision returns.
func TestProvisionEndsWithKind(t *testing.T) {
	state := docker(t, `case $1 in
info)
	touch creating
	until [ -e interrupted ] || [ ! -e "$STATE/docker" ]; do sleep 0.01; done
	sleep 0.1
	touch ended
	exit 1 ;;
esac`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(0, func() {
		for {
			if _, err := os.Stat(filepath.Join(state, "creating")); err == nil || t.Context().Err() != nil {
				cancel()
				_ = os.WriteFile(filepath.Join(state, "interrupted"), nil, 0o600)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	config := &v1alpha4.Cluster{Name: "lab"}
	v1alpha4.SetDefaultsCluster(config)
	d := &dockerd{containers: []*box{labBox("lab-control-plane", "control-plane", "running")}}
	engine := d.engine(t)
	if err := engine.Provision(ctx, config, defaultNetwork, ""); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want that of the context", err)
	}
	if _, err := os.Stat(filepath.Join(state, "ended")); err != nil {
		t.Error("Provision returned while kind was at work")
	}
	if err := engine.Cluster("lab").Delete(t.Context()); err != nil || len(d.containers) > 0 {
		t.Errorf("%d containers are left, %v", len(d.containers), err)
	}
}
