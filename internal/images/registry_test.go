package images

import (
	"io"
	"log"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestLocate(t *testing.T) {
	const digest = "@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
	tests := []struct{ mirror, ref, want string }{
		{"", "quay.io/cilium/cilium:v1.20.2", "quay.io/cilium/cilium:v1.20.2"},
		{"host:5000", "quay.io/cilium/cilium:v1.20.2", "host:5000/cilium/cilium:v1.20.2"},
		{"host:5000/a/b/", "kindest/node:v1" + digest, "host:5000/a/b/kindest/node:v1" + digest},
		{"host", "localhost:5001/x/y", "host/x/y"},
	}
	for _, tt := range tests {
		got, err := (&Remote{Mirror: tt.mirror}).Locate(tt.ref)
		if err != nil || got != tt.want {
			t.Errorf("Locate(%q) under %q = %q, %v; want %q", tt.ref, tt.mirror, got, err, tt.want)
		}
	}
	if _, err := (&Remote{}).Locate("Not An Image"); hint.CodeOf(err) != hint.Usage {
		t.Errorf("a bad reference gives %v, want a usage error", err)
	}
}

func TestRemote(t *testing.T) {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	mirror := strings.TrimPrefix(server.URL, "http://") + "/mirror"
	image, err := random.Image(512, 2)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := name.ParseReference(mirror + "/cilium/cilium:v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(pushed, image); err != nil {
		t.Fatal(err)
	}
	source := &Remote{Mirror: mirror, Architecture: "amd64"}
	if err := source.Answers(t.Context(), "quay.io/cilium/cilium:v1"); err != nil {
		t.Fatal(err)
	}
	if err := source.Has(t.Context(), "quay.io/cilium/cilium:v1"); err != nil {
		t.Error(err)
	}
	const absent = "quay.io/cilium/operator:v1"
	if err := source.Answers(t.Context(), absent); err != nil {
		t.Errorf("a registry that lacks an image does not answer: %v", err)
	}
	if err := source.Has(t.Context(), absent); hint.ReasonOf(err) != hint.ImageNotInRegistry.Name || hint.CodeOf(err) != hint.Preflight ||
		!strings.Contains(err.Error(), mirror+"/cilium/operator:v1") {
		t.Errorf("an image that is not there gives %v", err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	span := event.Start(event.Discard, event.Event{})
	if err := source.Save(t.Context(), "quay.io/cilium/cilium:v1", path, span); err != nil {
		t.Fatal(err)
	}
	own, err := name.NewTag("quay.io/cilium/cilium:v1")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := tarball.ImageFromPath(path, &own)
	if err != nil {
		t.Fatalf("the archive does not hold %s: %v", own, err)
	}
	want, _ := image.ConfigName()
	if got, _ := saved.ConfigName(); got != want {
		t.Errorf("config %s, want %s", got, want)
	}
}

func TestSilentRegistryIsNoticedInTime(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the backlog and never speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	started := time.Now()
	err = (&Remote{Mirror: silent.Addr().String(), Architecture: "amd64"}).Answers(t.Context(), "kindest/node:v1")
	if hint.ReasonOf(err) != "REGISTRY_UNREACHABLE" {
		t.Errorf("error is %v, want REGISTRY_UNREACHABLE", err)
	}
	if waited := time.Since(started); waited > 5*time.Second {
		t.Errorf("noticed after %v, want at most 5 s", waited)
	}
}
