package gomod

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// archive is a module as a proxy serves it, with its hash.
func archive(t *testing.T, files map[string]string) (data []byte, sum string) {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create("example.com/Mod@v1.0.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "m.zip")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := dirhash.HashZip(file, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), sum
}

// proxy serves the archive and counts requests.
func proxy(t *testing.T, data []byte) (url string, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		if r.URL.Path != "/example.com/!mod/@v/v1.0.0.zip" { // capitals are escaped
			http.NotFound(w, r)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func isolate(t *testing.T, goproxy string) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOPROXY", goproxy)
}

func TestArchive(t *testing.T) {
	data, sum := archive(t, map[string]string{"chart/Chart.yaml": "name: x"})
	url, requests := proxy(t, data)
	isolate(t, url+"/nowhere,"+url+",direct")
	m := Module{Path: "example.com/Mod", Version: "v1.0.0", Sum: sum}
	file, release, err := Archive(t.Context(), m, event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(file); err != nil || !bytes.Equal(content, data) {
		t.Errorf("%s is another file than the proxy has (%v)", file, err)
	}
	if *requests != 2 { // the proxy that does not have it, and the one that does
		t.Errorf("%d requests, want 2", *requests)
	}
	if where, err := Locate(t.Context(), m); err != nil || where != url+"/example.com/!mod/@v/v1.0.0.zip" {
		t.Errorf("the module is at %s, %v", where, err)
	}
	release()
	if _, err := os.Stat(filepath.Dir(file)); err == nil {
		t.Error("the download was not removed")
	}
}

func TestArchiveInGosModuleCache(t *testing.T) {
	data, sum := archive(t, map[string]string{"chart/Chart.yaml": "name: x"})
	isolate(t, "off")
	cached := filepath.Join(os.Getenv("GOMODCACHE"), "cache", "download", "example.com", "!mod", "@v", "v1.0.0.zip")
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cached, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := Module{"example.com/Mod", "v1.0.0", sum}
	file, release, err := Archive(t.Context(), m, event.Discard)
	if err != nil || file != cached {
		t.Fatalf("the archive is %s, %v", file, err)
	}
	release()
	if where, err := Locate(t.Context(), m); err != nil || where != cached {
		t.Errorf("the module is at %s, %v", where, err)
	}
	if _, err := os.Stat(cached); err != nil {
		t.Errorf("Go's own cache lost the archive: %v", err)
	}
}

func TestArchiveRefuses(t *testing.T) {
	data, _ := archive(t, map[string]string{"chart/Chart.yaml": "tampered"})
	_, sum := archive(t, map[string]string{"chart/Chart.yaml": "published"})
	url, _ := proxy(t, data)
	for goproxy, reason := range map[string]string{url: "MODULE_TAMPERED", url + "/nowhere": "MODULE_UNREACHABLE", "off": "MODULE_UNREACHABLE", "direct": "MODULE_UNREACHABLE"} {
		isolate(t, goproxy)
		_, _, err := Archive(t.Context(), Module{"example.com/Mod", "v1.0.0", sum}, event.Discard)
		if hint.ReasonOf(err) != reason || hint.AdviceOf(err) == "" {
			t.Errorf("GOPROXY=%s: %v, want %s with advice", goproxy, err, reason)
		}
	}
}

// TestProxyList walks lists as the go command does: after a comma only when a
// file is not there, after a bar whatever went wrong.
func TestProxyList(t *testing.T) {
	data, sum := archive(t, map[string]string{"chart/Chart.yaml": "name: x"})
	good, _ := proxy(t, data)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusInternalServerError)
	}))
	t.Cleanup(broken.Close)
	onDisk := filepath.Join(t.TempDir(), "example.com", "!mod", "@v", "v1.0.0.zip")
	if err := os.MkdirAll(filepath.Dir(onDisk), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(onDisk, data, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := "file://" + strings.TrimSuffix(onDisk, "/example.com/!mod/@v/v1.0.0.zip")
	tests := []struct {
		list string
		want string // a part of the error, "" for none
	}{
		{good, ""},
		{good + "/", ""},
		{good + "/nowhere," + good, ""},
		{broken.URL + "," + good, "500 Internal Server Error"},
		{broken.URL + "|" + good, ""},
		{"direct," + good, ""},
		{"off," + good, "nothing may be downloaded"},
		{"direct", "only the go command"},
		{folder, ""},
		{folder + "/nowhere|" + good, ""},
		{"ftp://example.com", "unsupported protocol"},
	}
	for _, tt := range tests {
		isolate(t, tt.list)
		m := Module{"example.com/Mod", "v1.0.0", sum}
		_, release, err := Archive(t.Context(), m, event.Discard)
		if err == nil {
			release()
		}
		_, located := Locate(t.Context(), m)
		for _, err := range []error{err, located} {
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("GOPROXY=%s: %v, want %q", tt.list, err, tt.want)
			}
		}
	}
}

// TestProxiesOfTheGoCommand: without the variable, the go command's setting counts.
func TestProxiesOfTheGoCommand(t *testing.T) {
	isolate(t, "")
	path := t.TempDir()
	t.Setenv("PATH", path)
	if list, err := proxies(t.Context()); hint.ReasonOf(err) != "MODULE_PROXY_UNKNOWN" {
		t.Errorf("without Go, %q is asked (%v)", list, err)
	}
	const own = "https://proxy.example.com"
	if err := os.WriteFile(filepath.Join(path, "go"), []byte("#!/bin/sh\n[ \"$*\" = \"env GOPROXY\" ] && echo "+own+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if list, err := proxies(t.Context()); list != own || err != nil {
		t.Errorf("%q is asked (%v), and not the proxy of the go command", list, err)
	}
}

func TestDownloadIsReported(t *testing.T) {
	noise := make([]byte, 3<<20)
	rand.Read(noise)
	data, sum := archive(t, map[string]string{"chart/big": string(noise)})
	url, _ := proxy(t, data)
	isolate(t, url)
	var events event.Recorder
	m := Module{"example.com/Mod", "v1.0.0", sum}
	_, release, err := Archive(t.Context(), m, &events)
	if err != nil {
		t.Fatal(err)
	}
	release()
	told := events.Events()
	if len(told) < 4 || told[0].Kind != event.Started || told[len(told)-1].Kind != event.Done {
		t.Fatalf("events are %+v, want a start, progress and an end", told)
	}
	if p := told[len(told)-2]; p.Kind != event.Progress || p.Completed < 2<<20 || p.Completed > int64(len(data)) {
		t.Errorf("the last progress is %+v of %d bytes", p, len(data))
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	reached := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("PK"))
		w.(http.Flusher).Flush()
		close(reached)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	isolate(t, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, _, err := Archive(ctx, Module{"example.com/Mod", "v1.0.0", "h1:x"}, event.Discard)
	if !errors.Is(err, context.Canceled) || hint.ReasonOf(err) == "MODULE_UNREACHABLE" {
		t.Errorf("an interrupted download gives %v", err)
	}
}
