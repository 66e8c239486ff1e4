package kindctltest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/kindctl/kindctl/pkg/hint"
)

// refcount counts the processes whose tests share a cluster. Each has a shared lock on
// a file, which ends with the process at the latest; who can have it alone is the last
// one.
type refcount struct {
	lock *flock.Flock
	// created is the file with the identity of the cluster that one of them created.
	created string
}

// lockRetry is how often a process looks whether the last one has ended; file
// locks cannot be waited for with a context.
const lockRetry = 200 * time.Millisecond

func refcountOf(name string) (*refcount, error) {
	dir, err := usersDir()
	if err != nil {
		return nil, err
	}
	return &refcount{lock: flock.New(filepath.Join(dir, name+".lock")), created: filepath.Join(dir, name+".made")}, nil
}

// turnOf is the lock of the one test that uses a cluster of Fresh.
func turnOf(name string) (*flock.Flock, error) {
	dir, err := usersDir()
	if err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, name+".turn")), nil
}

// usersDir is where processes keep what they know of the clusters that they share.
func usersDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint.NoCacheDir.Wrap(err, "there is no place for locks", "set HOME or XDG_CACHE_HOME")
	}
	dir := filepath.Join(cache, "kindctl", "locks", "users")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	return dir, nil
}

// acquire counts this process in, once no one is removing the cluster.
func (r *refcount) acquire(ctx context.Context) error {
	_, err := r.lock.TryRLockContext(ctx, lockRetry)
	return err
}

// release ends the lock, shared or not.
func (r *refcount) release() { _ = r.lock.Unlock() }

// last reports whether no other process counts, and keeps new ones out until release.
func (r *refcount) last() (bool, error) { return r.lock.TryLock() }

// setCreated writes the identity of the cluster that this process created; "" is none.
func (r *refcount) setCreated(identity string) error {
	if identity == "" {
		return os.Remove(r.created)
	}
	return os.WriteFile(r.created, []byte(identity+"\n"), 0o600)
}

// createdID is the identity of the cluster that one of the processes created, or "".
func (r *refcount) createdID() (string, error) {
	data, err := os.ReadFile(r.created)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}
