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

// users are the processes whose tests share a cluster. Each has a shared lock on
// a file, which ends with the process at the latest; who can have it alone is
// the last one.
type users struct {
	lock *flock.Flock
	// made is the file with the identity of the cluster that one of them made.
	made string
}

// usersRetry is how often a process looks whether the last user has ended; file
// locks cannot be waited for with a context.
const usersRetry = 200 * time.Millisecond

func usersOf(name string) (*users, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, hint.NoCacheDir.Wrap(err, "there is no place for locks", "set HOME or XDG_CACHE_HOME")
	}
	dir := filepath.Join(cache, "kindctl", "locks", "users")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	return &users{lock: flock.New(filepath.Join(dir, name+".lock")), made: filepath.Join(dir, name+".made")}, nil
}

// enter counts this process in, once the last user is not removing the cluster.
func (u *users) enter(ctx context.Context) error {
	_, err := u.lock.TryRLockContext(ctx, usersRetry)
	return err
}

// exit lets go of the lock, shared or not.
func (u *users) exit() { _ = u.lock.Unlock() }

// alone tells whether there is no other user, and keeps new ones out until exit.
func (u *users) alone() (bool, error) { return u.lock.TryLock() }

// remember notes the identity of the cluster that this process made; "" is none.
func (u *users) remember(identity string) error {
	if identity == "" {
		return os.Remove(u.made)
	}
	return os.WriteFile(u.made, []byte(identity+"\n"), 0o600)
}

// remembered is the identity of the cluster that a user made, or "".
func (u *users) remembered() (string, error) {
	data, err := os.ReadFile(u.made)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}
