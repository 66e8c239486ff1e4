package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// sessions counts what the stand-ins for the API server have opened.
var sessions atomic.Int32

// closedPort is refused by the stand-in for the API server.
const closedPort = "1"

// apiServer speaks the port-forward protocol over SPDY and, like API servers
// before 1.31, refuses websockets. Every pod is the backend.
func apiServer(t *testing.T, backend http.Handler) *Client {
	t.Helper()
	pod := httptest.NewServer(backend)
	t.Cleanup(pod.Close)
	return apiServerOf(t, pod)
}

func apiServerOf(t *testing.T, pod *httptest.Server) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/a/pods/p/portforward" || r.Header.Get("Upgrade") != "SPDY/3.1" {
			http.Error(w, "unable to upgrade", http.StatusBadRequest)
			return
		}
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			t.Error(err)
			return
		}
		sessions.Add(1)
		var failure httpstream.Stream
		connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
			switch {
			case stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError:
				failure = stream
			case stream.Headers().Get(corev1.PortHeader) == closedPort:
				go func() { fmt.Fprint(failure, "connection refused in the pod"); failure.Close() }()
			default:
				go splice(stream, pod.Listener.Addr().String())
			}
			return nil
		})
		if connection != nil {
			<-connection.CloseChan()
		}
	}))
	t.Cleanup(server.Close)
	client, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func splice(stream httpstream.Stream, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(conn, stream)
		_ = conn.Close() // the caller hung up
	}()
	_, _ = io.Copy(stream, conn)
	_ = stream.Close()
}

func TestGetPod(t *testing.T) {
	client := apiServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sick" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(w, "%s?%s", r.URL.Path, r.URL.RawQuery)
	}))
	for path, want := range map[string]int{"/well?a=b": http.StatusOK, "/sick?": http.StatusServiceUnavailable} {
		status, body, err := client.GetPod(t.Context(), "a", "p", 8080, path)
		if err != nil || status != want || string(body) != path {
			t.Errorf("%s: got %d, %q, %v", path, status, body, err)
		}
	}
}

func TestGetPodBoundsTheBody(t *testing.T) {
	client := apiServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(endless{}, responseLimit+100))
	}))
	_, body, err := client.GetPod(t.Context(), "a", "p", 8080, "/")
	if err != nil || len(body) != responseLimit {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestGetPodSaysWhyThePortIsClosed(t *testing.T) {
	_, _, err := apiServer(t, http.NotFoundHandler()).GetPod(t.Context(), "a", "p", 1, "/")
	if err == nil || !strings.Contains(err.Error(), "connection refused in the pod") {
		t.Errorf("got %v", err)
	}
}

func TestGetPodEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	client := apiServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	errLate := errors.New("no answer in time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errLate)
	defer cancel()
	started := time.Now()
	_, _, err := client.GetPod(ctx, "a", "p", 8080, "/")
	if !errors.Is(err, errLate) || time.Since(started) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(started))
	}
}

func TestDialPodUnknown(t *testing.T) {
	conn, err := apiServer(t, http.NotFoundHandler()).DialPod(t.Context(), "a", "other", 8080)
	if err == nil {
		conn.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "port-forward to a/other:8080: ") {
		t.Errorf("got %v", err)
	}
}

func TestDialPodDeadline(t *testing.T) {
	conn, err := apiServer(t, http.NotFoundHandler()).DialPod(t.Context(), "a", "p", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes of silence", n)
	}
}
