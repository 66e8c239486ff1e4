package pool

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Definition describes the clusters of a pool and how many of them to keep ready.
type Definition struct {
	// ID is that of the pool, whatever it is defined to be. Another user's pool has another one,
	// and so has one of this user with another data directory.
	ID string
	// Size is the number of clusters to keep ready; 0 means that the pool is being drained.
	Size int
	// Topology has no name.
	Topology clusters.Topology
	// Images, Mirror and IgnorePreflightErrors say how the clusters are made.
	Images                images.Mode
	Mirror                string
	IgnorePreflightErrors []string
	// Version is that of the kindctl which keeps the pool: see KeptBy. "" is none yet.
	Version string
}

// The format of a definition.
const (
	apiVersion = "kindctl.dev/v1alpha1"
	kind       = "Pool"
)

// document is a Definition as it is written.
type document struct {
	APIVersion            string          `json:"apiVersion"`
	Kind                  string          `json:"kind"`
	ID                    string          `json:"id"`
	Size                  int             `json:"size"`
	Config                json.RawMessage `json:"config"`
	Images                images.Mode     `json:"images"`
	Mirror                string          `json:"mirror,omitempty"`
	IgnorePreflightErrors []string        `json:"ignorePreflightErrors,omitempty"`
	Version               string          `json:"version,omitempty"`
}

// Store is the file that has the definition of a Docker's pool, with those beside it. They
// may name files of their owner, whose alone they are.
type Store struct{ file string }

// OpenStore returns the user's for the Docker of an ID. The file need not exist.
func OpenStore(docker string) (Store, error) {
	dir, err := runs.DataDir("pools")
	return Store{filepath.Join(dir, fileName(docker)+".json")}, err
}

// beside is a further file of the pool's.
func (s Store) beside(suffix string) string { return strings.TrimSuffix(s.file, ".json") + suffix }

// fileName is the ID of a Docker as part of a file's name.
func fileName(docker string) string { return strings.ReplaceAll(docker, ":", "-") }

// Read returns the definition, or an error with advice.
func (s Store) Read() (Definition, error) {
	data, err := os.ReadFile(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Definition{}, hint.PoolMissing.New("there is no pool", "define one: kindctl pool set --size 2")
	case err != nil:
		return Definition{}, unwritable(err)
	}
	d, err := decode(data)
	if err != nil { // the ID may still be known
		return d, hint.PoolDamaged.Wrap(err, "the definition of the pool cannot be read: "+s.file, "define it again: kindctl pool set")
	}
	return d, nil
}

func decode(data []byte) (Definition, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return Definition{}, err
	}
	if d.APIVersion != apiVersion || d.Kind != kind || d.ID == "" || d.Size < 0 {
		return Definition{ID: d.ID}, fmt.Errorf("it is no %s of the format %s", kind, apiVersion)
	}
	topology, err := clusters.Decode(d.Config, "the pool")
	return Definition{d.ID, d.Size, topology, d.Images, d.Mirror, d.IgnorePreflightErrors, d.Version}, err
}

func (d Definition) encode() ([]byte, error) {
	config := d.Topology
	config.APIVersion, config.Kind, config.Name = clusters.APIVersion, clusters.Kind, ""
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(document{apiVersion, kind, d.ID, d.Size, raw, d.Images, d.Mirror, d.IgnorePreflightErrors, d.Version}, "", "  ")
}

// Identify returns a definition with the ID of the pool, which is a new one if there is none.
func (s Store) Identify(d Definition) Definition {
	old, _ := s.Read() // one that cannot be read is replaced
	d.ID = cmp.Or(old.ID, randomText())
	return d
}

// mark is what the clusters of the pool have in their metadata: its ID, and a hash of what they
// are and of how they are made. The lifetime begins when one is taken.
func (d Definition) mark() string {
	same := d
	same.Size, same.Topology.TTL, same.IgnorePreflightErrors, same.Version = 0, 0, nil, ""
	data, err := same.encode()
	if err != nil { // Write has the same error
		return d.ID
	}
	return fmt.Sprintf("%s.%.4x", d.ID, sha256.Sum256(data))
}

// randomText is unlike all others, and can be part of a name.
func randomText() string { return strings.ToLower(rand.Text()[:8]) }

// Write replaces the definition.
func (s Store) Write(d Definition) error {
	data, err := d.encode()
	if err != nil {
		return err
	}
	return replace(s.file, append(data, '\n'))
}

// replace writes a file as a whole, for its owner alone.
func replace(file string, data []byte) error {
	if err := runs.ReplaceFile(file, data); err != nil {
		return unwritable(err)
	}
	return nil
}

// Remove removes the definition and what is known of fills. That there is none is no error.
func (s Store) Remove() error {
	return errors.Join(remove(s.file), s.ForgetFailure())
}

func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(err)
	}
	return nil
}

func unwritable(err error) error {
	return hint.DataUnwritable.Wrap(err, "the definition of the pool cannot be read or written", "correct the permissions, or set XDG_DATA_HOME")
}
