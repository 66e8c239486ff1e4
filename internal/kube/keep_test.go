package kube

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counted is a pod that counts the connections made to it, and those open.
func counted(t *testing.T) (pod *httptest.Server, made, open *atomic.Int32) {
	t.Helper()
	made, open = new(atomic.Int32), new(atomic.Int32)
	pod = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	pod.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			made.Add(1)
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	pod.Start()
	t.Cleanup(pod.Close)
	return pod, made, open
}

func TestKeeperKeepsConnections(t *testing.T) {
	pod, made, open := counted(t)
	client := apiServerOf(t, pod)
	keeper := Keep(client)
	ask := func(pods interface {
		GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error)
	}) {
		t.Helper()
		if status, body, err := pods.GetPod(t.Context(), "a", "p", 8080, "/name"); err != nil || status != http.StatusOK || string(body) != "/name" {
			t.Fatalf("got %d %q, %v", status, body, err)
		}
	}
	for range 3 {
		ask(keeper)
	}
	if made.Load() != 1 {
		t.Errorf("%d connections for three requests", made.Load())
	}
	pod.CloseClientConnections() // the pod restarts
	ask(keeper)
	ask(client)
	ask(client)
	if made.Load() != 4 {
		t.Errorf("%d connections, want one for each request of a Client, and a new one for the lost one", made.Load())
	}
	keeper.Close()
	for deadline := time.Now().Add(5 * time.Second); open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left open", open.Load())
		}
	}
}

// TestKeeperSharesASession opens connections beside each other in one session, and
// takes another when the pod was not reached.
func TestKeeperSharesASession(t *testing.T) {
	pod, _, open := counted(t)
	keeper := Keep(apiServerOf(t, pod))
	before := sessions.Load()
	dial := func(port int) net.Conn {
		t.Helper()
		conn, err := keeper.DialPod(t.Context(), "a", "p", port)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	one, other := dial(8080), dial(9090)
	for _, conn := range []net.Conn{one, other} {
		fmt.Fprint(conn, "GET /name HTTP/1.0\r\n\r\n")
		if said, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(said), "/name") {
			t.Errorf("heard %q, %v", said, err)
		}
		conn.Close()
	}
	if opened := sessions.Load() - before; opened != 1 {
		t.Errorf("%d sessions for two connections", opened)
	}
	closed := dial(1)
	if _, err := closed.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "connection refused in the pod") {
		t.Errorf("a closed port says %v", err)
	}
	dial(8080).Close()
	if opened := sessions.Load() - before; opened != 2 {
		t.Errorf("%d sessions after the pod was not reached once", opened)
	}
	keeper.Close()
	for deadline := time.Now().Add(5 * time.Second); open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left open", open.Load())
		}
	}
}
