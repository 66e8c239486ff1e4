package bootstrap

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/kindctl/kindctl/pkg/hint"
)

// claim keeps two processes of one user from making the same cluster at once:
// the second would take the first one's nodes for remains, or undo them. The
// lock ends with the process; its empty file stays.
func claim(name string) (release func(), err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, hint.Wrap(err, hint.Preflight, "NO_CACHE_DIR", "there is no place for locks", "set HOME or XDG_CACHE_HOME")
	}
	dir := filepath.Join(cache, "kindctl", "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, hint.Wrap(err, hint.Preflight, "CACHE_UNWRITABLE", "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	lock := flock.New(filepath.Join(dir, name+".lock"))
	switch ours, err := lock.TryLock(); {
	case err != nil:
		return nil, hint.Wrap(err, hint.Preflight, "CACHE_UNWRITABLE", "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	case !ours:
		return nil, hint.New(hint.Usage, "CLUSTER_BUSY", fmt.Sprintf("another kindctl is making cluster %s right now", name), "wait for it and run this again, or choose another name")
	}
	return func() { _ = lock.Unlock() }, nil
}
