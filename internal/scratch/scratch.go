// Package scratch makes temporary directories that show whether the process that
// made them is still there: it holds a lock on a file in each of them, which ends
// with the process however it ends. What a killed process left can so be told
// from what another one is using.
package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

const (
	prefix   = "kindctl-"
	lockName = ".in-use"
)

// Dir makes a directory with mode 0700 for one purpose, a word in its name, below
// the system's directory for temporary files. remove removes it with all that is
// in it.
func Dir(purpose string) (path string, remove func(), err error) {
	path, err = os.MkdirTemp("", prefix+purpose+"-")
	if err != nil {
		return "", nil, err
	}
	lock := flock.New(filepath.Join(path, lockName))
	if err := lock.Lock(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(path))
	}
	return path, func() {
		_ = lock.Unlock()      // some systems remove no file that is open
		_ = os.RemoveAll(path) // what is left, Abandoned finds
	}, nil
}

// Abandoned lists this user's directories whose process is gone.
func Abandoned() (paths []string, err error) {
	entries, err := os.ReadDir(os.TempDir())
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), prefix) {
			continue
		}
		path := filepath.Join(os.TempDir(), entry.Name())
		if lock := take(path); lock != nil {
			paths = append(paths, path)
			_ = lock.Unlock()
		}
	}
	return paths, err
}

// Clear removes a directory, unless its process is still there.
func Clear(path string) error {
	lock := take(path)
	if lock == nil {
		return nil
	}
	return errors.Join(lock.Unlock(), os.RemoveAll(path))
}

// take locks a directory that is this user's and that no one has; nil is none.
func take(path string) *flock.Flock {
	info, err := os.Lstat(filepath.Join(path, lockName))
	if err != nil || !info.Mode().IsRegular() || !own(info) {
		return nil
	}
	// One that is only opened: who is about to make the file finds it free.
	lock := flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDONLY))
	if ours, err := lock.TryLock(); err != nil || !ours {
		return nil
	}
	return lock
}
