package diagnose

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// PrepareDir creates a directory, if it is missing, and reports whether files can be
// written there.
func PrepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".kindctl-")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// EmptyDir returns dir, which it creates if it is missing, or a new directory in it when
// dir has files already.
func EmptyDir(dir string) (string, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		dir = filepath.Join(dir, time.Now().UTC().Format("20060102T150405.000Z"))
	}
	return dir, os.MkdirAll(dir, 0o700)
}
