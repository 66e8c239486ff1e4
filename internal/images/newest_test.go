package images

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestNewestOfARegistry(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	mirror := strings.TrimPrefix(server.URL, "http://")
	for _, tag := range []string{"v1.36.1", "v1.36.9", "v1.36.10", "v1.36.11-rc.0", "v1.36", "v1.37.0", "latest"} {
		ref, err := name.ParseReference(mirror + "/kindest/node:" + tag)
		if err == nil {
			err = remote.Write(ref, empty.Image)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	source := &Remote{Mirror: mirror}
	if got, err := source.Newest(t.Context(), "kindest/node:v1.36.3", "v1.36"); got != "kindest/node:v1.36.10" || err != nil {
		t.Errorf("the newest is %q, %v", got, err)
	}
	if got, err := source.Newest(t.Context(), "kindest/node:v1.35.0", "v1.35"); hint.ReasonOf(err) != "VERSION_NOT_PUBLISHED" {
		t.Errorf("of a minor version that is not there: %q, %v", got, err)
	}
	if got, err := source.Newest(t.Context(), "kindest/other:v1.35.0", "v1.35"); err == nil {
		t.Errorf("of a repository that is not there: %q", got)
	}
}

func TestNewestInDocker(t *testing.T) {
	names := []string{"kindest/node:v1.36.1", "kindest/node:v1.36.2", "other/node:v1.36.9", "kindest/node:v1.35.7"}
	for minor, want := range map[string]string{"v1.36": "kindest/node:v1.36.2", "v1.35": "kindest/node:v1.35.7", "v1.34": ""} {
		if got := newestIn(names, "kindest/node", minor); got != want {
			t.Errorf("the newest of %s is %q, want %q", minor, got, want)
		}
	}
}

func TestUntagged(t *testing.T) {
	for ref, want := range map[string]string{
		"kindest/node:v1": "kindest/node", "127.0.0.1:5000/m/node:v1@sha256:aa": "127.0.0.1:5000/m/node", "127.0.0.1:5000/node": "127.0.0.1:5000/node", "node": "node",
	} {
		if got := untagged(ref); got != want {
			t.Errorf("%s without its tag is %q", ref, got)
		}
	}
}
