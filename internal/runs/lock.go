package runs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Lock keeps two processes of one user from changing the same cluster at once: the
// second would remove what the first one creates. It does not wait: when the cluster is
// locked, the error has the reason CLUSTER_BUSY. The lock ends with the process; its
// empty file stays.
func Lock(name string) (release func(), err error) {
	lock, err := LockFile("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, lock.TryLock, name)
}

// RLock is Lock for commands that do not change a cluster's nodes and may run side by
// side, such as the loading of images.
func RLock(name string) (release func(), err error) {
	lock, err := LockFile("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, lock.TryRLock, name)
}

// LockRetry is how often a process that waits for a lock tries again: file locks cannot
// be waited for with a context.
const LockRetry = 200 * time.Millisecond

// LockWait is Lock that waits for another process, as a removal after an interrupt must.
// It calls waiting once if it has to wait.
func LockWait(ctx context.Context, name string, waiting func()) (release func(), err error) {
	if release, err = Lock(name); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		return release, err
	}
	waiting()
	lock, err := LockFile("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, func() (bool, error) { return lock.TryLockContext(ctx, LockRetry) }, name)
}

// RetryWhenBusy calls try again, as long as that fails because the cluster is locked,
// whenever the other process has ended. It calls waiting each time it has to wait.
func RetryWhenBusy(ctx context.Context, name string, waiting func(), try func() error) error {
	for {
		err := try()
		if hint.ReasonOf(err) != hint.ClusterBusy.Name {
			return err
		}
		release, err := LockWait(ctx, name, waiting)
		if err != nil {
			return err
		}
		release()
	}
}

func held(lock *flock.Flock, take func() (bool, error), name string) (release func(), err error) {
	switch ours, err := take(); {
	case err != nil:
		return nil, hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	case !ours:
		return nil, hint.ClusterBusy.New(fmt.Sprintf("another kindctl process is changing cluster %s", name), "wait for it and run this again, or choose another name")
	}
	return func() { _ = lock.Unlock() }, nil
}

// LockFile is the lock of a cluster, or, with a kind, of something else of that name.
func LockFile(kind, name string) (*flock.Flock, error) {
	dir, err := cacheDir(filepath.Join("locks", kind))
	if err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, name+".lock")), nil
}

// NetworkLock is the lock of a Docker network. A command that makes or removes one has it alone.
func NetworkLock(name string) (*flock.Flock, error) { return LockFile("networks", name) }

// ShareNetwork keeps other processes of this user from removing a Docker network, although no
// container may be on it for a moment. It waits for one that is doing so.
func ShareNetwork(ctx context.Context, name string) (release func(), err error) {
	lock, err := NetworkLock(name)
	if err != nil {
		return nil, err
	}
	if _, err := lock.TryRLockContext(ctx, LockRetry); err != nil {
		return nil, err
	}
	return func() { _ = lock.Unlock() }, nil
}

// cacheDir creates a directory of kindctl's in the user's cache.
func cacheDir(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint.NoCacheDir.Wrap(err, "there is no place for locks", "set HOME or XDG_CACHE_HOME")
	}
	dir := filepath.Join(cache, "kindctl", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	return dir, nil
}
