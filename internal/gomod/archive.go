// Package gomod fetches Go modules, checked against their hash, without the go
// command. Projects that publish charts and manifests in a Go module can so be
// reached through any module proxy.
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

	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Module is a version of a module, pinned by the hash that go.sum holds.
type Module struct {
	Path, Version string
	Sum           string // "h1:..."
}

// Archive returns the module's archive, a zip file whose names begin with
// PATH@VERSION/. It comes from Go's module cache or from a module proxy; a
// download is reported to the sink. An archive that does not have the module's
// hash is refused. Release removes what was downloaded.
func Archive(ctx context.Context, m Module, sink event.Sink) (file string, release func(), err error) {
	name, err := m.file()
	if err != nil {
		return "", nil, err
	}
	file, release = cached(name), func() {}
	if !exists(file) {
		if file, release, err = downloaded(ctx, m, name, sink); err != nil {
			return "", nil, err
		}
	}
	sum, err := dirhash.HashZip(file, dirhash.Hash1)
	if err == nil && sum == m.Sum {
		return file, release, nil
	}
	release()
	if err != nil {
		return "", nil, fmt.Errorf("hash %s: %w", m.Path, err)
	}
	return "", nil, hint.ModuleTampered.New(fmt.Sprintf("%s %s from %s has hash %s, not %s", m.Path, m.Version, file, sum, m.Sum),
		"the module proxy or Go's module cache holds something else than was published: choose another GOPROXY, or run go clean -modcache")
}

// Locate returns where Archive would get the module from: a file in Go's module
// cache, or the URL at a proxy that has it. Nothing is downloaded.
func Locate(ctx context.Context, m Module) (where string, err error) {
	name, err := m.file()
	if err != nil {
		return "", err
	}
	if file := cached(name); exists(file) {
		return file, nil
	}
	err = ask(ctx, name, func(url string) error {
		where = url
		return has(ctx, url)
	})
	return where, err
}

// file is the archive's path at a proxy.
func (m Module) file() (string, error) {
	escapedPath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	escapedVersion, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", err
	}
	return path.Join(escapedPath, "@v", escapedVersion+".zip"), nil
}

func downloaded(ctx context.Context, m Module, name string, sink event.Sink) (file string, release func(), err error) {
	span := event.Start(sink, event.Event{Scope: event.Component, ID: m.Path, Title: "Download " + m.Path + " " + m.Version})
	dir, remove, err := scratch.Dir("module")
	if err == nil {
		err = ask(ctx, name, func(url string) (err error) {
			file, err = get(ctx, url, dir, span)
			return err
		})
		if err != nil {
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

// cached is where the go command keeps a file of a proxy.
func cached(name string) string {
	return filepath.Join(goModCache(), "cache", "download", filepath.FromSlash(name))
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
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
