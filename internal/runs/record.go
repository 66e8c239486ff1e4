package runs

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

// A Record says what a run has to clean up: a cluster that is not finished, that goes with a
// command, or that is in the middle of something. It is a file that is written before anything is created and
// removed at the end. Its process holds a lock beside it, which ends with the process
// however it ends: a record whose lock is free is that of a killed run, which
// FindKilled returns.
type Record struct {
	lock *flock.Flock
	path string
	stop func()

	mu    sync.Mutex
	entry Entry
}

// Entry is what a record's file holds. Its time of change is when the process was last
// seen alive.
type Entry struct {
	// Run is the ID that the containers are marked with.
	Run string `json:"run"`
	// Command is what users call it, such as up, run, Save or Reset.
	Command string    `json:"command"`
	Cluster string    `json:"cluster"`
	Owner   string    `json:"owner"`
	PID     int       `json:"pid"`
	Begun   time.Time `json:"begun"`
	// Changes is the ID of the engine with a cluster that was there before and stays; "" is
	// none.
	Changes string `json:"changes,omitempty"`
	// Creation is what the run was about to create; nil is nothing yet.
	Creation *Creation `json:"making,omitempty"`
	// KubeconfigChange is the change of the kubeconfig that was under way; nil is none.
	KubeconfigChange *KubeconfigChange `json:"merging,omitempty"`
}

// Commands that change a cluster which was there before.
const (
	Save  = "snapshot save"
	Reset = "reset"
)

// Engine is the ID of the engine that the run was at work in; "" is none yet.
func (e Entry) Engine() string {
	if e.Creation != nil {
		return e.Creation.Docker
	}
	return e.Changes
}

// Creation is what a run creates in Docker.
type Creation struct {
	// Docker is the ID of the engine.
	Docker string `json:"docker"`
	// Since is when the first container can have been asked for, by Docker's clock,
	// which is Ahead of this one.
	Since time.Time     `json:"since"`
	Ahead time.Duration `json:"aheadNanoseconds"`
	// Containers are their names, and Network is the one that they are created on.
	Containers []string `json:"containers"`
	Network    string   `json:"network"`
}

// KubeconfigChange is a change of the user's kubeconfig files.
type KubeconfigChange struct {
	Since time.Time `json:"since"`
	Files []string  `json:"files"`
}

// Heartbeat is how often a record's file is touched while its process lives.
const Heartbeat = 2 * time.Second

// recordDir is the directory for records in the cache.
const recordDir = "runs"

const (
	entrySuffix   = ".json"
	lockSuffix    = ".lock"
	partialSuffix = ".partial"
)

// Open begins the record of a command on a cluster.
func Open(command, cluster string) (*Record, error) {
	return Reopen(command, cluster, strings.ToLower(rand.Text()[:12]))
}

// Reopen begins the record of a command that has to clean up a cluster which an earlier run
// has created, with the ID of that run. No one else may have a record of it.
func Reopen(command, cluster, run string) (*Record, error) {
	dir, err := cacheDir(recordDir)
	if err != nil {
		return nil, err
	}
	t := &Record{
		path:  filepath.Join(dir, run+entrySuffix),
		entry: Entry{Run: run, Command: command, Cluster: cluster, Owner: Owner(), PID: os.Getpid(), Begun: time.Now()},
	}
	t.lock = flock.New(filepath.Join(dir, run+lockSuffix))
	err = t.lock.Lock() // no one else uses the name
	if err == nil {
		err = t.write()
	}
	if err != nil {
		return nil, hint.CacheUnwritable.Wrap(err, "the cache cannot be written", "correct its permissions, or set XDG_CACHE_HOME")
	}
	ended := make(chan struct{})
	var touching sync.WaitGroup
	touching.Go(func() { t.touch(ended) })
	t.stop = sync.OnceFunc(func() { close(ended); touching.Wait() })
	return t, nil
}

// touch updates the modification time of the file until ended.
func (t *Record) touch(ended <-chan struct{}) {
	ticker := time.NewTicker(Heartbeat)
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
func (t *Record) Run() string { return t.entry.Run }

// End removes the record if there is nothing left to clean up, and else leaves it to be
// found by FindKilled.
func (t *Record) End(clean bool) error {
	t.stop()
	if !clean {
		return t.lock.Unlock()
	}
	return errors.Join(os.Remove(t.path), t.lock.Unlock(), os.Remove(t.lock.Path()))
}

// Change edits the entry and writes it.
func (t *Record) Change(edit func(*Entry)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	edit(&t.entry)
	return t.write()
}

func (t *Record) write() error {
	data, err := json.Marshal(t.entry)
	if err != nil {
		return err
	}
	return ReplaceFile(t.path, data)
}

// ReplaceFile writes a file for its owner alone, so that a process that is killed leaves the old
// content or the new one. It creates the file's directory.
func ReplaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	partial := path + partialSuffix
	if err := os.WriteFile(partial, data, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
