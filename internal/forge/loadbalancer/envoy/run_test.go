package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// logWriter is the program's log, to wait for a line of it.
type logWriter struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
	return l.text.Write(line)
}

// forget drops what the log holds.
func (l *logWriter) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// wait returns once the log holds text, and takes that out of it: to wait
// twice is to wait for two.
func (l *logWriter) wait(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		before, after, found := strings.Cut(l.text.String(), text)
		if found {
			l.text.Reset()
			l.text.WriteString(before + after)
		}
		rest := l.text.String()
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-l.news:
		case <-deadline:
			t.Fatalf("the log never says %q:\n%s", text, rest)
		}
	}
}

// start runs the program on kind's files until the test ends; stop ends it
// earlier and waits.
func start(t *testing.T, kind kindFiles) (log *logWriter, stop func()) {
	t.Helper()
	log = &logWriter{news: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, kind.path("envoy.yaml"), slog.New(slog.NewTextHandler(log, nil))) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return log, stop
}

// fast makes kind's health checks fit for a test.
func (k kindFiles) fast() {
	for old, quick := range map[string]string{"interval: 2s": "interval: 0.02s", "no_traffic_interval: 3s": "no_traffic_interval: 0.02s"} {
		k.constants["ProxyCDSConfigTemplate"] = strings.Replace(k.constants["ProxyCDSConfigTemplate"], old, quick, 1)
	}
}

func TestBalance(t *testing.T) {
	kind, port := newKindFiles(t), freePort(t)
	kind.fast()
	log, _ := start(t, kind)
	a, b, c := newBackend(t, "a"), newBackend(t, "b"), newBackend(t, "c")
	kind.configure(port, map[string]string{"a": a.address(), "b": b.address(), "c": c.address()})
	log.wait(t, "msg=listening")
	for range 3 {
		log.wait(t, "healthy=true")
	}

	if diff := cmp.Diff(map[string]int{"a": 3, "b": 3, "c": 3}, count(t, port, 9)); diff != "" {
		t.Errorf("nine connections over three healthy backends:\n%s", diff)
	}

	b.healthy.Store(false)
	log.wait(t, "healthy=false")
	if diff := cmp.Diff(map[string]int{"a": 2, "c": 2}, count(t, port, 4)); diff != "" {
		t.Errorf("with b unhealthy:\n%s", diff)
	}
	if state := admin(t, kind); !strings.Contains(state, "kube_apiservers::"+b.address()+"::health_flags::/failed_active_hc") {
		t.Errorf("admin says:\n%s", state)
	}

	b.healthy.Store(true)
	log.wait(t, "healthy=true")
	if answers := count(t, port, 6); answers["b"] != 2 {
		t.Errorf("b is healthy again but answers %v", answers)
	}

	a.server.Close()
	if answers := count(t, port, 6); answers["a"] != 0 {
		t.Errorf("a is gone but answers %v", answers)
	}
}

func admin(t *testing.T, kind kindFiles) string {
	t.Helper()
	boot, err := readBootstrap(kind.path("envoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/clusters", boot.Admin.Address.Socket.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// While every check fails connections are still tried: kubeadm talks to the
// first API server through the load balancer before it is healthy.
func TestBalanceWhileNobodyIsHealthy(t *testing.T) {
	kind, port := newKindFiles(t), freePort(t)
	kind.fast()
	log, _ := start(t, kind)
	a := newBackend(t, "a")
	a.healthy.Store(false)
	kind.configure(port, map[string]string{"a": a.address(), "nobody": "127.0.0.1:" + freePort(t)})
	log.wait(t, "msg=listening")
	log.wait(t, "health check failed")
	log.wait(t, "health check failed")
	if diff := cmp.Diff(map[string]int{"a": 4}, count(t, port, 4)); diff != "" {
		t.Error(diff)
	}
}

func TestReload(t *testing.T) {
	kind, port, other := newKindFiles(t), freePort(t), freePort(t)
	kind.fast()
	log, _ := start(t, kind)
	a, b := newBackend(t, "a"), newBackend(t, "b")
	kind.configure(port, map[string]string{"a": a.address()})
	log.wait(t, "msg=listening")
	log.wait(t, "healthy=true")
	if answers := count(t, port, 2); answers["a"] != 2 {
		t.Fatalf("before: %v", answers)
	}

	kind.write("cds.yaml", "resources: [{name: broken}]")
	log.wait(t, "the configuration is not used")
	if answers := count(t, port, 2); answers["a"] != 2 {
		t.Errorf("a broken file changed something: %v", answers)
	}

	kind.configure(other, map[string]string{"b": b.address()})
	log.wait(t, "listener closed")
	log.wait(t, "msg=listening")
	if answers := count(t, other, 2); answers["b"] != 2 {
		t.Errorf("after: %v", answers)
	}
	if name, err := ask(port); err == nil {
		t.Errorf("%s still answers on the old port", name)
	}
	checks := a.checks.Load()
	log.forget()
	for range 5 {
		log.wait(t, `msg="health check passed" endpoint=`+b.address())
	}
	if more := a.checks.Load() - checks; more > 1 {
		t.Errorf("a left the cluster and was checked %d times more", more)
	}
}

// A connection that is open when the program is told to end may finish, in
// both directions, one after the other.
func TestDrain(t *testing.T) {
	kind, port := newKindFiles(t), freePort(t)
	plain := strings.NewReplacer("http_health_check:\n      path: /healthz", "tcp_health_check: {}")
	kind.constants["ProxyCDSConfigTemplate"] = plain.Replace(kind.constants["ProxyCDSConfigTemplate"])
	log, stop := start(t, kind)
	kind.configure(port, map[string]string{"echo": echo(t)})
	log.wait(t, "msg=listening")
	log.wait(t, "healthy=true")

	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("before")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len("before"))); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	log.wait(t, "draining")
	if _, err := conn.Write([]byte("after")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || string(answer) != "after" {
		t.Errorf("the open connection got %q, %v", answer, err)
	}
	select {
	case <-stopped:
	case <-time.After(2 * drainTime):
		t.Error("the program does not end")
	}
}

func TestRunWithoutConfiguration(t *testing.T) {
	if err := run(t.Context(), "/nowhere/envoy.yaml", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("started without a configuration")
	}
}
