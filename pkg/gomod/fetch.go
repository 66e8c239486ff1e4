// Package gomod fetches files of Go modules, checked against their hash, with
// no go command. Projects that publish charts and manifests in a Go module are
// so reachable through any module proxy.
package gomod

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Module is a version of a module, pinned by the hash that go.sum holds.
type Module struct {
	Path, Version string
	Sum           string // "h1:..."
}

// Fetch returns a directory with the files of the module beneath dir. They
// come from kindctl's cache, from Go's module cache, or from a module proxy.
func Fetch(ctx context.Context, m Module, dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "kindctl", "modules", strings.NewReplacer("/", "_", "+", "-", "=", "").Replace(m.Sum[len("h1:"):]), filepath.FromSlash(dir))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	archive, temporary, err := locate(ctx, m)
	if err != nil {
		return "", err
	}
	if temporary {
		defer os.Remove(archive)
	}
	sum, err := dirhash.HashZip(archive, dirhash.Hash1)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", m.Path, err)
	}
	if sum != m.Sum {
		return "", hint.New(hint.Preflight, "MODULE_TAMPERED", fmt.Sprintf("%s %s has hash %s, not %s", m.Path, m.Version, sum, m.Sum),
			"the module proxy or the cache holds something else than was published: choose another GOPROXY")
	}
	return target, unpack(archive, m.Path+"@"+m.Version+"/"+dir+"/", target)
}

// locate finds the module's archive in Go's cache, or downloads it.
func locate(ctx context.Context, m Module) (file string, temporary bool, err error) {
	escapedPath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", false, err
	}
	escapedVersion, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", false, err
	}
	name := path.Join(escapedPath, "@v", escapedVersion+".zip")
	cached := filepath.Join(goModCache(), "cache", "download", filepath.FromSlash(name))
	if _, err := os.Stat(cached); err == nil {
		return cached, false, nil
	}
	file, err = download(ctx, name)
	return file, true, err
}

// goModCache is where the go command keeps modules.
func goModCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	gopath, _, _ := strings.Cut(os.Getenv("GOPATH"), string(os.PathListSeparator))
	if gopath == "" {
		home, _ := os.UserHomeDir()
		gopath = filepath.Join(home, "go")
	}
	return filepath.Join(gopath, "pkg", "mod")
}

// defaultProxy is the go command's own default.
const defaultProxy = "https://proxy.golang.org"

// download asks each proxy of GOPROXY in turn.
func download(ctx context.Context, name string) (string, error) {
	list := os.Getenv("GOPROXY")
	if list == "" {
		list = defaultProxy
	}
	var failures []error
	for _, proxy := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		if proxy == "direct" || proxy == "off" {
			continue // kindctl speaks the proxy protocol alone
		}
		file, err := get(ctx, strings.TrimSuffix(proxy, "/")+"/"+name)
		if err == nil {
			return file, nil
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		failures = append(failures, fmt.Errorf("GOPROXY=%s names no proxy", list))
	}
	return "", hint.Wrap(errors.Join(failures...), hint.Preflight, "MODULE_UNREACHABLE", "no module proxy could deliver "+name, "check the network and the proxy variables, or set GOPROXY")
}

func get(ctx context.Context, url string) (name string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", url, response.Status)
	}
	file, err := os.CreateTemp("", "kindctl-module-*.zip")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, response.Body)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return "", fmt.Errorf("%s: %w", url, err)
	}
	return file.Name(), nil
}

// unpack writes the files beneath prefix to target, all of them or none.
func unpack(archive, prefix, target string) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer reader.Close()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(target), ".partial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	found := false
	for _, entry := range reader.File {
		name, inside := strings.CutPrefix(entry.Name, prefix)
		if !inside || !filepath.IsLocal(name) {
			continue
		}
		found = true
		if err := extract(entry, filepath.Join(partial, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("unpack %s: %w", entry.Name, err)
		}
	}
	if !found {
		return fmt.Errorf("%s has no files beneath %s", archive, prefix)
	}
	err = os.Rename(partial, target)
	if _, there := os.Stat(target); there == nil {
		return nil // another process was faster
	}
	return err
}

func extract(entry *zip.File, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	source, err := entry.Open()
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source) //nolint:gosec // the archive's hash is pinned
	return errors.Join(err, file.Close())
}
