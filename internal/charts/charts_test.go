package charts

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/internal/gomod"
	"github.com/kindctl/kindctl/pkg/hint"
)

// module is an archive of a module in Go's cache, and a bundle of its chart.
func module(t *testing.T) (file string, bundle Bundle) {
	t.Helper()
	isolate(t)
	b := Bundle{Name: "x", Module: gomod.Module{Path: "example.com/x", Version: "v1.0.0"}, Paths: []string{"chart", "one.yaml"}}
	files := map[string]string{"chart/Chart.yaml": "name: x", "chart/templates/a.yaml": "a", "one.yaml": "1", "charts": "no", "one.yaml.orig": "no"}
	file = filepath.Join(os.Getenv("GOMODCACHE"), "cache", "download", "example.com", "x", "@v", "v1.0.0.zip")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, zipped(t, b.prefix(), files), 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := dirhash.HashZip(file, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	delete(files, "charts")
	delete(files, "one.yaml.orig")
	part := filepath.Join(t.TempDir(), "part.zip")
	if err := os.WriteFile(part, zipped(t, b.prefix(), files), 0o600); err != nil {
		t.Fatal(err)
	}
	if b.Sum, err = dirhash.HashZip(part, dirhash.Hash1); err != nil {
		t.Fatal(err)
	}
	b.Module.Sum = sum
	return file, b
}

func zipped(t *testing.T, prefix string, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create(prefix + name)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// isolate leaves no bundle but those that a test puts somewhere.
func isolate(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOPROXY", "off")
}

func TestFind(t *testing.T) {
	file, bundle := module(t)
	if where, download, err := (Library{}).Locate(t.Context(), bundle); err != nil || where != file || download {
		t.Errorf("the bundle is in %s (download: %v, %v), want %s", where, download, err, file)
	}
	for _, from := range []string{"Go's module cache", "the cache"} {
		files, err := Library{}.Find(t.Context(), bundle)
		if err != nil {
			t.Fatalf("from %s: %v", from, err)
		}
		for name, want := range map[string]string{"chart/Chart.yaml": "name: x", "chart/templates/a.yaml": "a", "one.yaml": "1"} {
			if content, err := fs.ReadFile(files, name); err != nil || string(content) != want {
				t.Errorf("from %s, %s holds %q, %v", from, name, content, err)
			}
		}
		for _, name := range []string{"charts", "one.yaml.orig"} {
			if _, err := fs.Stat(files, name); err == nil {
				t.Errorf("from %s, %s is there, which is not part of the bundle", from, name)
			}
		}
		if err := os.RemoveAll(filepath.Dir(file)); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := cacheFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if where, _, err := (Library{}).Locate(t.Context(), bundle); err != nil || where != cache {
		t.Errorf("the bundle is in %s (%v), want %s", where, err, cache)
	}
	if err := os.WriteFile(cache, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Library{}).Find(t.Context(), bundle); hint.ReasonOf(err) != "CHART_MISSING" || hint.CodeOf(err) != hint.Preflight ||
		hint.AdviceOf(err) == "" {
		t.Errorf("with nothing but a broken file in the cache: %v, want CHART_MISSING", err)
	}
}

// TestFindInNodeImage: a node image is enough, and one whose file is of no use is
// no reason to give up.
func TestFindInNodeImage(t *testing.T) {
	file, bundle := module(t)
	packed, err := bundle.Pack(file)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		data   []byte
		err    error
		module bool // Go's cache has it
		want   string
	}{
		{"it has it", packed, nil, false, ""},
		{"it has another file", []byte("broken"), nil, true, ""},
		{"it has another file, and nothing else has it", []byte("broken"), nil, false, "CHART_MISSING"},
		{"Docker fails", nil, errors.New("out of order"), true, ""},
		{"Docker fails, and nothing else has it", nil, errors.New("out of order"), false, "CHART_MISSING"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache := os.Getenv("GOMODCACHE")
			isolate(t)
			if tt.module {
				t.Setenv("GOMODCACHE", cache)
			}
			asked := ""
			library := Library{Node: func(_ context.Context, path string) ([]byte, error) { asked = path; return tt.data, tt.err }}
			if where, _, err := library.Locate(t.Context(), bundle); err != nil || where != "the node image" {
				t.Errorf("it would come from %s, %v", where, err)
			}
			_, err := library.Find(t.Context(), bundle)
			if hint.ReasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if tt.err != nil && tt.want != "" && !strings.Contains(err.Error(), tt.err.Error()) {
				t.Errorf("%v does not name %v", err, tt.err)
			}
			if want := "/kind/charts/" + bundle.File(); asked != want {
				t.Errorf("the node image was asked for %q, want %q", asked, want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	_, bundle := module(t)
	for name, data := range map[string][]byte{
		"no archive":     []byte("x"),
		"other content":  zipped(t, bundle.prefix(), map[string]string{"chart/Chart.yaml": "evil", "chart/templates/a.yaml": "a", "one.yaml": "1"}),
		"one file less":  zipped(t, bundle.prefix(), map[string]string{"chart/Chart.yaml": "name: x", "one.yaml": "1"}),
		"one file more":  zipped(t, bundle.prefix(), map[string]string{"chart/Chart.yaml": "name: x", "chart/templates/a.yaml": "a", "one.yaml": "1", "chart/b": ""}),
		"another module": zipped(t, "example.com/y@v1.0.0/", map[string]string{"chart/Chart.yaml": "name: x", "chart/templates/a.yaml": "a", "one.yaml": "1"}),
	} {
		if _, err := bundle.Open(data); hint.ReasonOf(err) != "CHART_TAMPERED" || hint.AdviceOf(err) == "" {
			t.Errorf("%s: %v, want CHART_TAMPERED", name, err)
		}
	}
	other := bundle
	other.Sum = "h1:x"
	if other.File() == bundle.File() {
		t.Error("bundles of other files have one name")
	}
}

func TestPackIsReproducible(t *testing.T) {
	file, bundle := module(t)
	first, err := bundle.Pack(file)
	if err != nil {
		t.Fatal(err)
	}
	_, again := module(t) // its archive has another order
	if again.Sum != bundle.Sum {
		t.Fatal("the same files have another hash")
	}
	for range 4 {
		if packed, err := bundle.Pack(file); err != nil || !bytes.Equal(packed, first) {
			t.Errorf("the same files give another archive (%v)", err)
		}
	}
}
