package bootstrap

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/gomod"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// charted is an addon that is installed from one file.
type charted struct {
	plugin.Addon
	bundle charts.Bundle
}

func (c charted) Name() string             { return "x" }
func (c charted) Version() string          { return "v1.0.0" }
func (c charted) Sources() []charts.Bundle { return []charts.Bundle{c.bundle} }

// engineOfOne is a Docker with one node image.
type engineOfOne struct {
	images.Docker
	labels map[string]string
	files  map[string][]byte
}

func (s engineOfOne) Labels(_ context.Context, ref string) (map[string]string, bool, error) {
	return s.labels, ref == "node:1", nil
}

func (s engineOfOne) File(_ context.Context, ref, path string) ([]byte, error) {
	if data, has := s.files[ref+path]; has {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// nodeBuilder names the node image.
type nodeBuilder struct{ images.Builder }

func (nodeBuilder) NodeImage() (string, error) { return "node:1", nil }

// bundle is one with a file, and its archive.
func bundle(t *testing.T) (charts.Bundle, []byte) {
	t.Helper()
	const name = "example.com/x@v1.0.0/x.yaml"
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.Create(name)
	if err == nil {
		_, err = file.Write([]byte("kind: X"))
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	read, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := dirhash.Hash1([]string{name}, func(name string) (io.ReadCloser, error) { return read.Open(name) })
	if err != nil {
		t.Fatal(err)
	}
	return charts.Bundle{Name: "x", Module: gomod.Module{Path: "example.com/x", Version: "v1.0.0"}, Paths: []string{"x.yaml"}, Sum: sum}, packed.Bytes()
}

// offer is a folder that serves as a module proxy, with an archive of the module
// that is not what was published.
func offer(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	file := filepath.Join(dir, "example.com", "x", "@v", "v1.0.0.zip")
	var empty bytes.Buffer
	err := zip.NewWriter(&empty).Close()
	if err := errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, empty.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(dir)
}

// TestSource: what a CNI is installed from is found in the node image, and what is
// nowhere is found missing before anything is made, by up, by its rehearsal and by
// what doctor shows.
func TestSource(t *testing.T) {
	wanted, packed := bundle(t)
	place := "node:1/kind/charts/" + wanted.File()
	tests := []struct {
		name    string
		goproxy string
		docker  engineOfOne
		built   bool // the node image would be built
		apart   bool // no node image has it
		want    string
		would   []string
	}{
		{
			"the node image has it",
			"off",
			engineOfOne{labels: map[string]string{charts.NodeLabel: "other," + wanted.File()}, files: map[string][]byte{place: packed}},
			false,
			false,
			"",
			nil,
		},
		{
			"the node image has another one",
			"off",
			engineOfOne{labels: map[string]string{charts.NodeLabel: "other"}, files: map[string][]byte{place: packed}},
			false,
			false,
			"CHART_MISSING",
			nil,
		},
		{"the node image has none", "off", engineOfOne{}, false, false, "CHART_MISSING", nil},
		{"a proxy has it", "file://PROXY", engineOfOne{}, false, false, "MODULE_TAMPERED", []string{"download file://PROXY/example.com/x/@v/v1.0.0.zip"}},
		{"the node image would be built", "off", engineOfOne{}, true, false, "CHART_MISSING", nil},
		{"the node image would be built without it", "off", engineOfOne{}, true, true, "CHART_MISSING", nil},
		{"a proxy has what the node image would lack", "file://PROXY", engineOfOne{}, true, true, "MODULE_TAMPERED", []string{"download file://PROXY/example.com/x/@v/v1.0.0.zip"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proxy := offer(t)
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			t.Setenv("GOMODCACHE", t.TempDir())
			t.Setenv("GOPROXY", strings.ReplaceAll(tt.goproxy, "PROXY", proxy))
			wanted.InNodes = !tt.apart
			up := NewUp(Config{Sink: event.Discard})
			up.addon, up.found = charted{bundle: wanted}, images.Set{Node: "node:1", Source: images.Local}
			if tt.built {
				up.found.Source = images.Build
			}
			would, err := dryRun{up}.sources(t.Context(), tt.docker)
			for i := range tt.would {
				tt.would[i] = strings.ReplaceAll(tt.would[i], "PROXY", proxy)
			}
			missing := tt.want == "CHART_MISSING" && (!tt.built || tt.apart)
			if (hint.ReasonOf(err) == "CHART_MISSING") != missing || !slices.Equal(would, tt.would) {
				t.Errorf("the rehearsal says %q, %v, want %q", would, err, tt.would)
			}
			places := Dependencies{
				Addon: func(clusters.Topology, host.Facts) (plugin.Addon, error) { return up.addon, nil },
				Images: func(*provider.Docker, host.Facts) (*images.Resolver, error) {
					return &images.Resolver{Docker: tt.docker, Builder: nodeBuilder{}}, nil
				},
			}
			findings, err := Source(t.Context(), nil, places, clusters.Topology{}, host.Facts{})
			if err != nil || len(findings) != 1 || (findings[0].State == host.Fatal) != (tt.want == "CHART_MISSING") {
				t.Errorf("doctor shows %+v, %v", findings, err)
			}
			err = up.findSources(t.Context(), tt.docker)
			if hint.ReasonOf(err) != tt.want || (err == nil) != (tt.want == "") || err != nil && hint.CodeOf(err) != hint.Preflight {
				t.Fatalf("%v, want %q with the exit code of preflight", err, tt.want)
			}
			if err == nil {
				files, err := up.sources.find(wanted)
				if err != nil {
					t.Fatal(err)
				}
				if data, err := fs.ReadFile(files, "x.yaml"); err != nil || string(data) != "kind: X" {
					t.Errorf("the file holds %q, %v", data, err)
				}
				if _, err := up.sources.find(charts.Bundle{Name: "y"}); err == nil {
					t.Error("files that were not looked for are there")
				}
			}
		})
	}
}
