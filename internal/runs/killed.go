package runs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Killed is the record of a run that was killed, which this process has locked.
type Killed struct {
	Entry
	lock *flock.Flock
	path string
	// Seen is when its process was last alive.
	Seen time.Time
	// Done says that nothing is left to clean up. It is the caller's.
	Done bool
}

// FindKilled locks and returns the records of runs that were killed. The caller ends
// each.
func FindKilled() (found []*Killed, err error) {
	dir, err := cacheDir(recordDir)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+entrySuffix))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if a := lockKilled(path); a != nil {
			found = append(found, a)
		}
	}
	return found, nil
}

// lockKilled locks a record and reads it; nil is one that is in use, or gone.
func lockKilled(path string) *Killed {
	// The lock is only opened: a new one would be free.
	lock := flock.New(strings.TrimSuffix(path, entrySuffix)+lockSuffix, flock.SetFlag(os.O_RDONLY))
	if free, err := lock.TryLock(); err != nil || !free {
		return nil
	}
	a := &Killed{lock: lock, path: path}
	info, err := os.Stat(path)
	if err == nil {
		a.Seen = info.ModTime()
		err = a.read()
	}
	if err != nil {
		_ = lock.Unlock()
		return nil
	}
	return a
}

func (a *Killed) read() error {
	data, err := os.ReadFile(a.path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, &a.Entry)
}

// End removes the record if everything is cleaned up, and else leaves it for another
// time.
func (a *Killed) End(settled bool) error {
	if !settled {
		return a.lock.Unlock()
	}
	_ = os.Remove(a.path + partialSuffix) // of an entry that was being written
	return errors.Join(os.Remove(a.path), a.lock.Unlock(), os.Remove(a.lock.Path()))
}
