package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// TestToItsEnd has work return with an error while what it has started goes on.
func TestToItsEnd(t *testing.T) {
	failure, ended := errors.New("no"), atomic.Bool{}
	err := toItsEnd(t.Context(), func() error {
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
	newDocker(docker).settle(t.Context(), []PlannedNode{{Name: "lab-control-plane", Image: "node"}, {Name: "lab-worker", Image: "node"}})
	if got := strings.Join(maker.changes, ", "); maker.refusals != 0 || got != "create lab-worker, remove probe" {
		t.Errorf("%d more refusals, and Docker was asked to %s", maker.refusals, got)
	}
}
