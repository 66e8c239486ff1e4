// Package gomod fetches files of Go modules, checked against their hash, with
// no go command. Projects that publish charts and manifests in a Go module are
// so reachable through any module proxy.
package gomod

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/scratch"
)

// Module is a version of a module, pinned by the hash that go.sum holds.
type Module struct {
	Path, Version string
	Sum           string // "h1:..."
}

// Fetch returns a directory with the files of the module beneath dir. They
// come from kindctl's cache, from Go's module cache, or from a module proxy; a
// download is told to the sink. What does not have the module's hash is refused.
func Fetch(ctx context.Context, m Module, dir string, sink event.Sink) (string, error) {
	target, err := place(m, dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	archive, release, err := locate(ctx, m, sink)
	if err != nil {
		return "", err
	}
	defer release()
	sum, err := dirhash.HashZip(archive, dirhash.Hash1)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", m.Path, err)
	}
	if sum != m.Sum {
		return "", hint.New(hint.Preflight, "MODULE_TAMPERED", fmt.Sprintf("%s %s from %s has hash %s, not %s", m.Path, m.Version, archive, sum, m.Sum),
			"the module proxy or Go's module cache holds something else than was published: choose another GOPROXY, or run go clean -modcache")
	}
	return target, unpack(archive, m.Path+"@"+m.Version+"/"+dir+"/", target)
}

// place is where kindctl keeps a part of a module. The hash in its name makes
// another content another place.
func place(m Module, dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint.Wrap(err, hint.Preflight, "NO_CACHE_DIR", "there is no place to keep modules", "set HOME or XDG_CACHE_HOME")
	}
	hash := strings.NewReplacer("/", "_", "+", "-", "=", "").Replace(strings.TrimPrefix(m.Sum, "h1:"))
	return filepath.Join(cache, "kindctl", "modules", hash, filepath.FromSlash(dir)), nil
}

// locate finds the module's archive in Go's cache, or downloads it. Release
// removes what was downloaded.
func locate(ctx context.Context, m Module, sink event.Sink) (file string, release func(), err error) {
	escapedPath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", nil, err
	}
	escapedVersion, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", nil, err
	}
	name := path.Join(escapedPath, "@v", escapedVersion+".zip")
	cached := filepath.Join(goModCache(), "cache", "download", filepath.FromSlash(name))
	if _, err := os.Stat(cached); err == nil {
		return cached, func() {}, nil
	}
	span := event.Start(sink, event.Event{Scope: event.Component, ID: m.Path, Title: "Download " + m.Path + " " + m.Version})
	dir, remove, err := scratch.Dir("module")
	if err == nil {
		if file, err = download(ctx, name, dir, span); err != nil {
			remove()
		}
	}
	if err != nil {
		span.Failed(err.Error(), hint.AdviceOf(err))
		return "", nil, err
	}
	span.Done("")
	return file, remove, nil
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
