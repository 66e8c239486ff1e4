package bootstrap

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// abandoned is the ticket of a run that was killed.
type abandoned struct {
	note
	lock *flock.Flock
	path string
	// seen is when its process was last alive.
	seen time.Time
	// settled says that nothing is left to clean up.
	settled bool
}

// abandonedTickets locks the tickets of runs that were killed. The caller ends
// each.
func abandonedTickets() (found []*abandoned, err error) {
	dir, err := cacheDir(tickets)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+noteSuffix))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if a := takeTicket(path); a != nil {
			found = append(found, a)
		}
	}
	return found, nil
}

// takeTicket locks a ticket and reads it; nil is one that is in use, or gone.
func takeTicket(path string) *abandoned {
	// The lock is only opened: a new one would be free.
	lock := flock.New(strings.TrimSuffix(path, noteSuffix)+lockSuffix, flock.SetFlag(os.O_RDONLY))
	if free, err := lock.TryLock(); err != nil || !free {
		return nil
	}
	a := &abandoned{lock: lock, path: path}
	info, err := os.Stat(path)
	if err == nil {
		a.seen = info.ModTime()
		err = a.read()
	}
	if err != nil {
		_ = lock.Unlock()
		return nil
	}
	return a
}

func (a *abandoned) read() error {
	data, err := os.ReadFile(a.path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, &a.note)
}

// end removes the ticket once everything is cleaned up, and else leaves it for
// another time.
func (a *abandoned) end(settled bool) error {
	if !settled {
		return a.lock.Unlock()
	}
	_ = os.Remove(a.path + partialSuffix) // of a note that was being written
	return errors.Join(os.Remove(a.path), a.lock.Unlock(), os.Remove(a.lock.Path()))
}
