package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// The format of a State.
const (
	apiVersion = "kindctl.dev/v1alpha1"
	kind       = "Lab"
)

// State is a lab that runs, and how far its learner has come.
type State struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Cluster is the name of the lab and of its cluster.
	Cluster string `json:"cluster"`
	// Title is the lab's, in English.
	Title string `json:"title"`
	// Source is the folder that the lab came from.
	Source string `json:"source"`
	// Backend is the imageid that the lab runs on.
	Backend string `json:"backend"`
	// Language is that of texts.
	Language string `json:"language"`
	// Key is the secret with which the hosts log in to each other.
	Key     string    `json:"key"`
	Started time.Time `json:"started"`
	// Current is the number of the step that has begun, from 1. It is 0 before the first has, and
	// one more than there are steps when all have passed.
	Current int        `json:"current"`
	Steps   []Progress `json:"steps"`
}

// Progress is that of a step.
type Progress struct {
	Began  time.Time `json:"began,omitzero"`
	Passed time.Time `json:"passed,omitzero"`
	// Checks counts those that there were, and Hints those that were given.
	Checks int `json:"checks,omitempty"`
	Hints  int `json:"hints,omitempty"`
	// Solved says that the lab's own solution was run.
	Solved bool `json:"solved,omitempty"`
	// Points are those of a step that has passed.
	Points int `json:"points,omitempty"`
	// Unsaved says that the beginning of the step could not be saved.
	Unsaved bool `json:"unsaved,omitempty"`
	// Running are the keys of pages whose background scripts ran as the step was saved.
	Running []string `json:"running,omitempty"`
}

// Points are those of all steps.
func (s State) Points() (sum int) {
	for _, step := range s.Steps {
		sum += step.Points
	}
	return sum
}

// Passed counts the steps that have.
func (s State) Passed() (count int) {
	for _, step := range s.Steps {
		if !step.Passed.IsZero() {
			count++
		}
	}
	return count
}

// Finished reports whether every step has passed.
func (s State) Finished() bool { return s.Current > len(s.Steps) }

// Store is a directory with the labs that run: NAME has the progress of one, and a copy of its
// folder, so that it goes on as it began whatever becomes of that.
type Store struct{ Dir string }

// OpenStore returns the user's, which need not exist.
func OpenStore() (Store, error) {
	dir, err := runs.DataDir("labs")
	return Store{dir}, err
}

func (s Store) stateFile(name string) string { return filepath.Join(s.Dir, name, "state.json") }

// Folder is that of a lab that runs.
func (s Store) Folder(name string) fs.FS { return os.DirFS(s.folder(name)) }

func (s Store) folder(name string) string { return filepath.Join(s.Dir, name, "folder") }

// Names are those of the labs that run, sorted.
func (s Store) Names() (names []string, err error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Find returns the name of the lab that is meant: "" is the only one.
func (s Store) Find(name string) (string, error) {
	names, err := s.Names()
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return "", hint.LabMissing.New("no lab runs", "begin one: kindctl lab run DIR")
	case name == "" && len(names) > 1:
		return "", hint.LabAmbiguous.New("several labs run: "+strings.Join(names, ", "), "name one: -n "+names[0])
	case name == "":
		return names[0], nil
	case !slices.Contains(names, name):
		return "", hint.LabMissing.New(fmt.Sprintf("no lab %s runs%s", name, hint.Nearest(name, names)), "list those that do: kindctl lab ls")
	}
	return name, nil
}

// Read returns the state of a lab.
func (s Store) Read(name string) (state State, err error) {
	data, err := os.ReadFile(s.stateFile(name))
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err == nil && (state.APIVersion != apiVersion || state.Kind != kind) {
		err = fmt.Errorf("it is no %s of the format %s", kind, apiVersion)
	}
	if err != nil {
		return state, hint.LabState.Wrap(err, "the progress of lab "+name+" cannot be read", "remove the lab: kindctl lab end -n "+name)
	}
	return state, nil
}

// Write keeps the state of a lab. It has the key of the lab's hosts, and is for its owner alone.
func (s Store) Write(state State) error {
	state.APIVersion, state.Kind = apiVersion, kind
	data, err := json.MarshalIndent(state, "", "  ")
	if err == nil {
		err = runs.ReplaceFile(s.stateFile(state.Cluster), append(data, '\n'))
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}

// Copy keeps the folder of a lab.
func (s Store) Copy(name string, folder fs.FS) error {
	to := s.folder(name)
	err := os.RemoveAll(to)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.CopyFS(to, folder)
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}

// Remove forgets a lab.
func (s Store) Remove(name string) error {
	if err := os.RemoveAll(filepath.Join(s.Dir, name)); err != nil {
		return unreadable(err)
	}
	return nil
}

func unreadable(err error) error {
	return hint.LabState.Wrap(err, "the progress of labs cannot be kept", "see whether its directory can be written, or set XDG_DATA_HOME")
}
