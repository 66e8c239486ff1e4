package bootstrap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Claim keeps two processes of one user from changing the same cluster at once:
// the second would take the first one's nodes for remains, or undo them. It does
// not wait. The lock ends with the process; its empty file stays.
func Claim(name string) (release func(), err error) {
	lock, err := lockOf("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, lock.TryLock, name)
}

// Share is Claim for those that change nothing of a cluster's nodes and may work
// side by side, such as the loading of images.
func Share(name string) (release func(), err error) {
	lock, err := lockOf("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, lock.TryRLock, name)
}

// lockRetry is how often a process looks whether another one has ended; file
// locks cannot be waited for with a context.
const lockRetry = 200 * time.Millisecond

// Await is Claim for those that cannot fail because somebody else is at work,
// such as a removal after an interrupt. It calls waiting once if it has to wait.
func Await(ctx context.Context, name string, waiting func()) (release func(), err error) {
	if release, err = Claim(name); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		return release, err
	}
	waiting()
	lock, err := lockOf("", name)
	if err != nil {
		return nil, err
	}
	return held(lock, func() (bool, error) { return lock.TryLockContext(ctx, lockRetry) }, name)
}

// Patiently tries what fails because somebody else is at work on the cluster, again
// whenever that one has ended. It calls waiting each time it has to wait.
func Patiently(ctx context.Context, name string, waiting func(), try func() error) error {
	for {
		err := try()
		if hint.ReasonOf(err) != hint.ClusterBusy.Name {
			return err
		}
		release, err := Await(ctx, name, waiting)
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
		return nil, hint.ClusterBusy.New(fmt.Sprintf("another kindctl is at work on cluster %s right now", name), "wait for it and run this again, or choose another name")
	}
	return func() { _ = lock.Unlock() }, nil
}

// lockOf is the lock file of a cluster, or of something else of that kind.
func lockOf(kind, name string) (*flock.Flock, error) {
	dir, err := cacheDir(filepath.Join("locks", kind))
	if err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, name+".lock")), nil
}

// cacheDir makes a directory of kindctl's in the user's cache.
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
