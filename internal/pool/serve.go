package pool

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// retries are how long Serve waits after a failure: a fill that failed most likely fails again
// soon, and takes much of the machine.
func retries() wait.Backoff {
	return wait.Backoff{Duration: 30 * time.Second, Factor: 2, Steps: 6, Cap: 15 * time.Minute}
}

// reconnects are how long Serve waits before it asks a Docker again that has gone.
func reconnects() wait.Backoff {
	return wait.Backoff{Duration: time.Second, Factor: 2, Steps: 6, Cap: 30 * time.Second}
}

// Serve fills the pool whenever a cluster of it was taken or lost, until ctx ends; the error
// then says what was interrupted, if anything. It follows Docker's events. What fails is tried
// again, later each time; a pool that is not defined is waited for. Another process that serves
// the same pool for the same version of kindctl is an error with advice.
func (p *Pool) Serve(ctx context.Context, config FillConfig) error {
	release, err := p.lockServe(ctx)
	if err != nil {
		return err
	}
	defer release()
	s := &server{pool: p, config: config, wake: make(chan struct{}, 1)}
	s.config.Background, s.config.LowPriority = true, true
	ctx, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(ctx) })
	defer watch.Wait()
	defer stop()
	return s.run(ctx)
}

// server is a pool that is kept filled.
type server struct {
	pool   *Pool
	config FillConfig
	// wake has a value when something has happened to the clusters in changed.
	wake chan struct{}

	waiting string // what was said last of what is waited for

	mu      sync.Mutex
	changed []string
}

// run fills the pool at first and after each change.
func (s *server) run(ctx context.Context) error {
	backoff := retries()
	for {
		made, err := s.pool.Fill(ctx, s.config)
		if ctx.Err() != nil {
			return err
		}
		if err == nil || hint.ReasonOf(err) == hint.PoolMissing.Name {
			backoff = retries()
			s.idle(err, len(made) > 0)
			if s.changes(ctx); ctx.Err() != nil {
				return nil
			}
			continue
		}
		s.waiting = ""
		delay := backoff.Step()
		s.pool.warn(fmt.Sprintf("the pool could not be filled; next try in %v: %v", delay, err))
		if sleep(ctx, delay); ctx.Err() != nil {
			return nil
		}
	}
}

// idle says what is waited for, unless it has just done so.
func (s *server) idle(missing error, filled bool) {
	waiting := "waiting until a cluster is taken from the pool"
	if missing != nil {
		waiting = "there is no pool; waiting until one is defined: kindctl pool set --size 2"
	}
	if filled || waiting != s.waiting {
		s.pool.note(waiting)
		s.waiting = waiting
	}
}

// changes waits for a change, and for the end of commands that are at work on the clusters, so
// that a take does not share the machine with a fill.
func (s *server) changes(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.wake:
	}
	s.mu.Lock()
	changed := s.changed
	s.changed = nil
	s.mu.Unlock()
	for _, name := range changed {
		if release, err := runs.LockWait(ctx, name, func() {}); err == nil {
			release()
		}
	}
}

// watch follows Docker's events until ctx ends.
func (s *server) watch(ctx context.Context) {
	backoff := reconnects()
	for {
		_, now, err := s.pool.Docker.Identity(ctx)
		if err == nil {
			backoff = reconnects()
			s.report("") // of what happened while no one watched
			err = s.pool.Docker.WatchClusters(ctx, now, s.report)
		}
		if ctx.Err() != nil {
			return
		}
		delay := backoff.Step()
		s.pool.warn(fmt.Sprintf("Docker's events cannot be followed; next try in %v: %v", delay, err))
		if sleep(ctx, delay); ctx.Err() != nil {
			return
		}
	}
}

// report notes a change of a cluster; "" is none in particular.
func (s *server) report(cluster string) {
	if cluster != "" && !strings.HasPrefix(cluster, namePrefix) {
		return
	}
	s.mu.Lock()
	if cluster != "" && !slices.Contains(s.changed, cluster) {
		s.changed = append(s.changed, cluster)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is known already
	}
}

func sleep(ctx context.Context, delay time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
}

// Served reports whether a process keeps the pool filled for this version of kindctl.
func (p *Pool) Served() (bool, error) {
	lock := p.serveLock()
	if _, err := os.Stat(lock.Path()); err != nil { // no one ever has
		return false, nil //nolint:nilerr // a lock that is not there is free
	}
	free, err := lock.TryRLock()
	if err != nil {
		return false, unwritable(err)
	}
	if free {
		err = lock.Unlock()
	}
	return !free, err
}

// looks is longer than anyone holds the lock to see whether it is free.
const looks = time.Second

func (p *Pool) lockServe(ctx context.Context) (release func(), err error) {
	lock := p.serveLock()
	if err := os.MkdirAll(filepath.Dir(lock.Path()), 0o700); err != nil {
		return nil, unwritable(err)
	}
	waiting, cancel := context.WithTimeout(ctx, looks)
	defer cancel()
	switch ours, err := lock.TryLockContext(waiting, runs.LockRetry); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && waiting.Err() == nil:
		return nil, unwritable(err)
	case !ours:
		return nil, hint.PoolServed.New("another kindctl pool serve keeps this pool filled", "let it, or end it first")
	}
	return func() { _ = lock.Unlock() }, nil
}

// serveLock is held by the process that serves the pool for a version.
func (p *Pool) serveLock() *flock.Flock {
	return flock.New(p.beside(".serve-" + notInNames.ReplaceAllString(p.Version, "-") + ".lock"))
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9.]+`)
