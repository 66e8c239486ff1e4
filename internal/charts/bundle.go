// Package charts finds the files that CNIs are installed from: Cilium's chart,
// Calico's manifest and Gateway API's definitions, as upstream publishes them in its
// Go module. They are part of a released binary, and what every cluster of a CNI needs
// is part of the node images that kindctl builds, so that neither Go nor a module proxy
// has to be there.
package charts

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/kindctl/kindctl/internal/gomod"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Bundle is the part of a module that a CNI is installed from.
type Bundle struct {
	// Name is what is installed from it, such as "cilium".
	Name string
	// Module is where upstream publishes the files.
	Module gomod.Module
	// Paths are files of the module, and folders with all that is beneath them.
	Paths []string
	// Sum is the hash of these files, by the rules and in the form of go.sum. It
	// holds the files to what was published where the module is not at hand.
	Sum string
	// InNodes says that the node images that kindctl builds for the CNI have it.
	InNodes bool
}

// File is the name of the bundle's archive wherever it is kept. Another content
// has another name.
func (b Bundle) File() string {
	sum := sha256.Sum256([]byte(b.Sum))
	return b.Name + "-" + hex.EncodeToString(sum[:8]) + ".zip"
}

// prefix begins the names of all files in archives of the module.
func (b Bundle) prefix() string { return b.Module.Path + "@" + b.Module.Version + "/" }

func (b Bundle) has(name string) bool {
	path, inside := strings.CutPrefix(name, b.prefix())
	return inside && slices.ContainsFunc(b.Paths, func(wanted string) bool {
		return path == wanted || strings.HasPrefix(path, wanted+"/")
	})
}

// Pack returns an archive of the bundle's files, taken out of the module's
// archive. The same files give the same bytes.
func (b Bundle) Pack(module string) ([]byte, error) {
	whole, err := zip.OpenReader(module)
	if err != nil {
		return nil, err
	}
	defer whole.Close()
	files := slices.DeleteFunc(slices.Clone(whole.File), func(file *zip.File) bool { return !b.has(file.Name) })
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, file := range files {
		if err := add(archive, file); err != nil {
			return nil, fmt.Errorf("pack %s: %w", file.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if _, err := b.Open(packed.Bytes()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func add(archive *zip.Writer, file *zip.File) error {
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	target, err := archive.Create(file.Name)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, content) //nolint:gosec // the module's hash is pinned
	return err
}

// Open returns the files of a packed bundle, by their paths in the module. Files
// that do not have the bundle's hash are refused with the reason CHART_TAMPERED.
func (b Bundle) Open(packed []byte) (fs.FS, error) {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, b.tampered(err)
	}
	byName := map[string]*zip.File{}
	var names []string
	for _, file := range archive.File {
		byName[file.Name] = file
		names = append(names, file.Name)
	}
	sum, err := dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return byName[name].Open() })
	if err == nil && sum != b.Sum {
		err = errors.New("the hash is " + sum + ", not " + b.Sum)
	}
	if err != nil {
		return nil, b.tampered(err)
	}
	return fs.Sub(archive, strings.TrimSuffix(b.prefix(), "/"))
}

func (b Bundle) tampered(err error) error {
	return hint.ChartTampered.Wrap(err, fmt.Sprintf("the files of %s %s are not those that were published", b.Module.Path, b.Module.Version),
		"install kindctl again, and remove its cache: rm -r ~/.cache/kindctl/charts")
}
