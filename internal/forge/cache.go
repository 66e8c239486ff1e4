package forge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/kindctl/kindctl/pkg/hint"
)

// cache keeps the results of components in folders NAME/KEY. A folder that
// has that name is complete: it was built as NAME/building and renamed.
type cache struct{ dir string }

const (
	building   = "building"
	lockFile   = "lock"
	recordFile = ".component.json"
)

// record is what the cache remembers about a result.
type record struct {
	Name     string        `json:"name"`
	Key      string        `json:"key"`
	Finished time.Time     `json:"finished"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// openCache returns the cache in dir, or in the user's cache folder.
func openCache(dir string) (cache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return cache{}, hint.NoCacheDir.Wrap(err, "no folder to keep built images in",
				"Set HOME or XDG_CACHE_HOME, or name a folder with --cache-dir.")
		}
		dir = filepath.Join(user, "kindctl")
	}
	dir, err := filepath.Abs(dir)
	return cache{filepath.Join(dir, "forge")}, err
}

func (c cache) path(name, key string) string { return filepath.Join(c.dir, name, key) }

// lookup returns the record of a complete result.
func (c cache) lookup(name, key string) (record, bool) {
	var r record
	err := readJSON(filepath.Join(c.path(name, key), recordFile), &r)
	return r, err == nil
}

// lastDuration returns how long the newest result of name took to build on
// this host, or zero.
func (c cache) lastDuration(name string) time.Duration {
	var last record
	keys, _ := os.ReadDir(filepath.Join(c.dir, name))
	for _, key := range keys {
		if r, ok := c.lookup(name, key.Name()); ok && r.Finished.After(last.Finished) {
			last = r
		}
	}
	return last.Duration
}

// lock returns the lock that building or removing name requires.
func (c cache) lock(name string) (*flock.Flock, error) {
	dir := filepath.Join(c.dir, name)
	return flock.New(filepath.Join(dir, lockFile)), errors.Join(c.make(), os.MkdirAll(dir, 0o755))
}

// make makes the cache's folder. Only its owner may look into it: the trees of
// nodes hold programs that run as root for whoever starts them.
func (c cache) make() error { return os.MkdirAll(c.dir, 0o700) }

// lockInterval is how often a held lock is tried again: the kernel has no
// wait for a file lock that a context could end.
const lockInterval = 200 * time.Millisecond

// fill builds name/key by calling build with an empty folder, unless it is
// there or another process is just making it: then fill waits for that.
// It calls wait before it does. What an interrupted build left is removed first.
func (c cache) fill(ctx context.Context, name, key string, wait func(), build func(dir string) error) (fresh bool, err error) {
	lock, err := c.lock(name)
	if err != nil {
		return false, err
	}
	free, err := lock.TryLock()
	if err == nil && !free {
		wait()
		_, err = lock.TryLockContext(ctx, lockInterval)
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if _, ok := c.lookup(name, key); ok {
		return false, nil
	}
	dir := c.path(name, building)
	if err := os.RemoveAll(dir); err != nil {
		return false, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return false, err
	}
	started := time.Now()
	if err := build(dir); err != nil {
		return false, errors.Join(err, os.RemoveAll(dir))
	}
	r := record{Name: name, Key: key, Finished: time.Now(), Duration: time.Since(started)}
	if err := writeJSON(filepath.Join(dir, recordFile), r); err != nil {
		return false, err
	}
	return true, os.Rename(dir, c.path(name, key))
}

// results calls visit for every complete or abandoned result.
func (c cache) results(visit func(name, key, dir string) error) error {
	names, err := os.ReadDir(c.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		keys, err := os.ReadDir(filepath.Join(c.dir, name.Name()))
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !key.IsDir() {
				continue
			}
			if err := visit(name.Name(), key.Name(), c.path(name.Name(), key.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
