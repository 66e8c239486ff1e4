package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// backend is an API server as far as a load balancer sees one: HTTPS with a
// certificate that nobody knows, a health path, and a name to be told by.
type backend struct {
	name    string
	server  *httptest.Server
	healthy atomic.Bool
	checks  atomic.Int64
}

func newBackend(t *testing.T, name string) *backend {
	b := &backend{name: name}
	b.healthy.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		b.checks.Add(1)
		if !b.healthy.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/name", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })
	b.server = httptest.NewTLSServer(mux)
	t.Cleanup(b.server.Close)
	return b
}

func (b *backend) address() string { return strings.TrimPrefix(b.server.URL, "https://") }

// ask makes one new connection through the load balancer and returns who
// answered.
func ask(port string) (string, error) {
	transport := &http.Transport{TLSClientConfig: insecure(), DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get("https://127.0.0.1:" + port + "/name")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	name, err := io.ReadAll(response.Body)
	return string(name), err
}

// count asks n times and returns how often each backend answered.
func count(t *testing.T, port string, n int) map[string]int {
	t.Helper()
	answers := map[string]int{}
	for range n {
		name, err := ask(port)
		if err != nil {
			t.Fatal(err)
		}
		answers[name]++
	}
	return answers
}

// echo answers what it is sent, until the sender closes its side.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}
