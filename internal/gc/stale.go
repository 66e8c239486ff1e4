package gc

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/kindctl/kindctl/internal/runs"
)

// staleLock is the lock of a kubeconfig, a file beside it, that a killed process
// has left.
type staleLock struct {
	path string
	info os.FileInfo
}

const (
	// lockAge is how old such a file must be: no one keeps a kubeconfig locked for
	// longer than milliseconds.
	lockAge = 5 * time.Second
	// lockLook is how often it is looked at until then; the removal of a file
	// beside others cannot be watched everywhere.
	lockLook = 100 * time.Millisecond
)

// planLocks looks for locks that the run had when it was killed: it was changing
// the file, and the lock is of that time.
func (s *Sweep) planLocks(record *runs.Killed) {
	if record.KubeconfigChange == nil {
		return
	}
	for _, file := range record.KubeconfigChange.Files {
		path := file + ".lock"
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > 0 ||
			info.ModTime().Before(record.KubeconfigChange.Since.Truncate(time.Second)) ||
			info.ModTime().After(record.Seen.Add(runs.Heartbeat)) {
			continue
		}
		s.stale = append(s.stale, staleLock{path, info})
		s.Locks = append(s.Locks, path)
	}
}

// remove removes the file once it is old enough, if it is still the same one.
func (l staleLock) remove(ctx context.Context) error {
	for {
		now, err := os.Lstat(l.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !os.SameFile(now, l.info) || !now.ModTime().Equal(l.info.ModTime()) {
			return nil
		}
		if time.Since(now.ModTime()) >= lockAge {
			return os.Remove(l.path)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockLook):
		}
	}
}
