package gomod

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

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
		return nil // moved, or another process was faster
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
