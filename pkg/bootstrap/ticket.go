package bootstrap

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/kindctl/kindctl/pkg/hint"
)

// A Ticket says what a run is answerable for: a cluster that is not finished, or
// that goes with a command. It is a file that is written before anything is made
// and removed at the end. Its process has a lock beside it, which ends with the
// process however it ends: a ticket whose lock is free is that of a run which was
// killed, and Sweep cleans up after it.
type Ticket struct {
	lock *flock.Flock
	path string
	stop func()

	mu   sync.Mutex
	note note
}

// note is what a ticket's file holds. Its time of change is when the process was
// last seen alive.
type note struct {
	// Run is the ID that the containers are marked with.
	Run string `json:"run"`
	// Command is up or run.
	Command string    `json:"command"`
	Cluster string    `json:"cluster"`
	Owner   string    `json:"owner"`
	PID     int       `json:"pid"`
	Begun   time.Time `json:"begun"`
	// Making is what the run was about to make; nil is nothing yet.
	Making *making `json:"making,omitempty"`
	// Merging is the change of the kubeconfig that was under way; nil is none.
	Merging *merging `json:"merging,omitempty"`
}

// making is what a run makes in Docker.
type making struct {
	// Docker is the ID of the engine.
	Docker string `json:"docker"`
	// Since is when the first container can have been asked for, by Docker's clock,
	// which is Ahead of this one.
	Since time.Time     `json:"since"`
	Ahead time.Duration `json:"aheadNanoseconds"`
	// Containers are their names, and Network what they are to be on.
	Containers []string `json:"containers"`
	Network    string   `json:"network"`
}

// merging is a change of the kubeconfig.
type merging struct {
	Since time.Time `json:"since"`
	Files []string  `json:"files"`
}

// alive is how often a ticket's file says that its process lives.
const alive = 2 * time.Second

// tickets is the directory for them in the cache.
const tickets = "runs"

const (
	noteSuffix    = ".json"
	lockSuffix    = ".lock"
	partialSuffix = ".partial"
)

// OpenTicket takes responsibility for a cluster, by the command up or run.
func OpenTicket(command, cluster string) (*Ticket, error) {
	dir, err := cacheDir(tickets)
	if err != nil {
		return nil, err
	}
	run := strings.ToLower(rand.Text()[:12])
	t := &Ticket{path: filepath.Join(dir, run+noteSuffix), note: note{Run: run, Command: command, Cluster: cluster, Owner: owner(), PID: os.Getpid(), Begun: time.Now()}}
	t.lock = flock.New(filepath.Join(dir, run+lockSuffix))
	err = t.lock.Lock() // nobody else knows the name
	if err == nil {
		err = t.write()
	}
	if err != nil {
		return nil, hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	ended := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { t.beat(ended) })
	t.stop = sync.OnceFunc(func() { close(ended); beat.Wait() })
	return t, nil
}

// beat tells, until ended, that the process lives.
func (t *Ticket) beat(ended <-chan struct{}) {
	ticker := time.NewTicker(alive)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
			_ = os.Chtimes(t.path, time.Time{}, time.Now())
		}
	}
}

// Run is the ID of the run.
func (t *Ticket) Run() string { return t.note.Run }

// End ends the responsibility. If clean, there is nothing left to clean up; else
// it is left to Sweep.
func (t *Ticket) End(clean bool) error {
	t.stop()
	if !clean {
		return t.lock.Unlock()
	}
	return errors.Join(os.Remove(t.path), t.lock.Unlock(), os.Remove(t.lock.Path()))
}

// change notes something new.
func (t *Ticket) change(edit func(*note)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	edit(&t.note)
	return t.write()
}

// write replaces the file, so that a process that is killed leaves the old note
// or the new one.
func (t *Ticket) write() error {
	data, err := json.Marshal(t.note)
	if err != nil {
		return err
	}
	partial := t.path + partialSuffix
	if err := os.WriteFile(partial, data, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, t.path)
}
