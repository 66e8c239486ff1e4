package snapshot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	manifestFile = "manifest.json"
	// partialPrefix marks the directory of a snapshot that is being written.
	partialPrefix = ".partial-"
	// oldPrefix marks one that another takes the place of. It is the snapshot of its name for
	// as long as there is no other.
	oldPrefix = ".old-"
)

// AfterUp is the name of the snapshot that "up" takes, and that a cluster is reset to if none
// is named. It goes with the cluster that it was taken from.
const AfterUp = "up"

var errFormat = errors.New("the format is another one")

// Store is a directory of snapshots: CLUSTER/NAME has the manifest and the archives of one,
// which hold private keys, and are for their owner's eyes alone.
type Store struct{ Dir string }

// OpenStore returns the user's, which need not exist: see runs.DataDir.
func OpenStore() (Store, error) {
	dir, err := runs.DataDir("snapshots")
	return Store{dir}, err
}

var names = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

// CheckName returns an error with advice for what cannot be the name of a snapshot.
func CheckName(name string) error {
	if names.MatchString(name) {
		return nil
	}
	return hint.SnapshotName.New(fmt.Sprintf("a snapshot cannot be called %q", name),
		"use up to 63 lowercase letters, digits, - and ., with a letter or digit at both ends")
}

// CheckCluster returns an error with advice for what cannot be the name of a cluster, and could
// lead out of the store.
func CheckCluster(name string) error {
	if len(validation.IsDNS1123Subdomain(name)) == 0 {
		return nil
	}
	return hint.SnapshotName.New(fmt.Sprintf("a cluster cannot be called %q", name), "list those that have snapshots: kindctl snapshot ls")
}

// path is where a snapshot is. Names that no cluster and no snapshot can have are errors.
func (s Store) path(cluster, name string) (string, error) {
	if err := cmp.Or(CheckCluster(cluster), CheckName(name)); err != nil {
		return "", err
	}
	return filepath.Join(s.Dir, cluster, name), nil
}

// locate is path, or where the snapshot is that another was about to replace.
func (s Store) locate(cluster, name string) (string, error) {
	dir, err := s.path(cluster, name)
	if err == nil && !hasManifest(dir) && hasManifest(beside(dir, oldPrefix)) {
		dir = beside(dir, oldPrefix)
	}
	return dir, err
}

// EnsureFree returns an error with advice when there is a snapshot of the name that is not to
// be replaced.
func (s Store) EnsureFree(cluster, name string, replace bool) error {
	dir, err := s.locate(cluster, name)
	if err == nil && hasManifest(dir) && !replace {
		err = hint.SnapshotExists.New(fmt.Sprintf("cluster %s has a snapshot %s already", cluster, name),
			"choose another name, or replace it: add --replace")
	}
	return err
}

// beside is the path of a snapshot with a prefix before its name.
func beside(path, prefix string) string {
	return filepath.Join(filepath.Dir(path), prefix+filepath.Base(path))
}

// hasManifest distinguishes snapshots from what else is in a directory.
func hasManifest(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, manifestFile))
	return err == nil
}

// List returns the snapshots of a cluster, or with "" of all, sorted by cluster and age, and
// errors for those that cannot be read.
func (s Store) List(cluster string) (found []Manifest, err error) {
	if cluster == "" {
		return s.listAll()
	}
	if err := CheckCluster(cluster); err != nil {
		return nil, err
	}
	entries, err := readDir(filepath.Join(s.Dir, cluster))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, partialPrefix) && hasManifest(filepath.Join(s.Dir, cluster, name)) {
			names = append(names, strings.TrimPrefix(name, oldPrefix))
		}
	}
	slices.Sort(names)
	var failures []error
	for _, name := range slices.Compact(names) {
		m, err := s.Read(cluster, name)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		found = append(found, m)
	}
	slices.SortStableFunc(found, func(a, b Manifest) int { return a.Created.Compare(b.Created) })
	return found, errors.Join(failures...)
}

// Drafts returns the directories of snapshots that are being written, or were when a process
// was killed, by cluster.
func (s Store) Drafts() (map[string][]string, error) {
	clusters, err := s.clusters()
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, cluster := range clusters {
		drafts, err := readDir(filepath.Join(s.Dir, cluster))
		if err != nil {
			return nil, err
		}
		for _, draft := range drafts {
			name, replaced := strings.CutPrefix(draft.Name(), oldPrefix)
			if strings.HasPrefix(draft.Name(), partialPrefix) || replaced && hasManifest(filepath.Join(s.Dir, cluster, name)) {
				found[cluster] = append(found[cluster], filepath.Join(s.Dir, cluster, draft.Name()))
			}
		}
	}
	return found, nil
}

// listAll is List for every cluster, sorted by their names.
func (s Store) listAll() (found []Manifest, err error) {
	clusters, err := s.clusters()
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, cluster := range clusters {
		some, err := s.List(cluster)
		found, failures = append(found, some...), append(failures, err)
	}
	return found, errors.Join(failures...)
}

// clusters are the names of the clusters that have a directory. Other files are skipped.
func (s Store) clusters() (names []string, err error) {
	entries, err := readDir(s.Dir)
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(s.Dir, entry.Name()))
		if err == nil && info.IsDir() && CheckCluster(entry.Name()) == nil {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// readDir lists a directory. One that is missing is empty.
func readDir(dir string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unwritable(err)
	}
	return entries, nil
}

// Read returns the manifest of a snapshot. Its archives are not looked at.
func (s Store) Read(cluster, name string) (Manifest, error) {
	dir, err := s.locate(cluster, name)
	if err != nil {
		return Manifest{}, err
	}
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, s.missing(cluster, name)
	}
	if err != nil {
		return Manifest{}, unwritable(err)
	}
	m, err := decode(data)
	switch {
	case errors.Is(err, errFormat):
		return m, hint.SnapshotFormat.Wrap(err, fmt.Sprintf("snapshot %s of cluster %s cannot be read", name, cluster),
			"use the kindctl that took it")
	case err == nil && (m.Name != name || m.Cluster != cluster):
		err = fmt.Errorf("its manifest is that of snapshot %s of cluster %s", m.Name, m.Cluster)
	}
	if err != nil {
		return m, damaged(cluster, name, err)
	}
	m.Dir = dir
	return m, nil
}

func (s Store) missing(cluster, name string) error {
	var known []string
	there, _ := s.List(cluster) // the error is of others
	for _, m := range there {
		known = append(known, m.Name)
	}
	advice := fmt.Sprintf("take one: kindctl snapshot save %s -n %s", name, cluster)
	switch {
	case name == AfterUp:
		advice = fmt.Sprintf("have it taken by kindctl up --snapshot, or as the cluster is now: kindctl snapshot save %s -n %s; "+
			"or name another one with --to: kindctl snapshot ls", name, cluster)
	case len(known) > 0:
		advice = "use one of: " + strings.Join(known, ", ")
	}
	return hint.SnapshotMissing.New(fmt.Sprintf("cluster %s has no snapshot %q%s", cluster, name, hint.Nearest(name, known)), advice)
}

func damaged(cluster, name string, err error) error {
	return hint.SnapshotDamaged.Wrap(err, fmt.Sprintf("snapshot %s of cluster %s is damaged", name, cluster),
		fmt.Sprintf("remove it: kindctl snapshot rm %s -n %s", name, cluster))
}

func unwritable(err error) error {
	advice := "correct the permissions, or set XDG_DATA_HOME"
	if path, is := errors.AsType[*os.PathError](err); is && errors.Is(err, syscall.ENOSPC) {
		advice = fmt.Sprintf("free space on the disk of %s, or set XDG_DATA_HOME", filepath.Dir(path.Path))
	}
	return hint.DataUnwritable.Wrap(err, "snapshots cannot be read or written", advice)
}

// Remove removes a snapshot, readable or not, with what killed processes have left of it, and
// returns an error if there is none.
func (s Store) Remove(cluster, name string) error {
	final, err := s.path(cluster, name)
	if err != nil {
		return err
	}
	partial, found := beside(final, partialPrefix), false
	if _, err := os.Stat(partial); err == nil {
		found = true
	}
	err = os.RemoveAll(partial)
	for _, dir := range []string{beside(final, oldPrefix), final} {
		if err == nil && hasManifest(dir) {
			found = true
			if err = os.Rename(dir, partial); err == nil { // a snapshot removed in part would be a damaged one
				err = os.RemoveAll(partial)
			}
		}
	}
	switch {
	case err != nil:
		return unwritable(err)
	case !found:
		return s.missing(cluster, name)
	}
	_ = os.Remove(filepath.Dir(final)) // which stays if it holds others
	return nil
}

// Check compares the archives of a snapshot with its manifest.
func (s Store) Check(ctx context.Context, m Manifest) error {
	var group errgroup.Group
	for _, archive := range m.archives() {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := checkArchive(filepath.Join(m.Dir, archive.File), archive); err != nil {
				return damaged(m.Cluster, m.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// draft is a snapshot that is being written.
type draft struct {
	final string // where the snapshot is going to be
	dir   string
}

// create begins a snapshot, after what killed processes have left of others of the name is
// removed or put back.
func (s Store) create(cluster, name string) (*draft, error) {
	final, err := s.path(cluster, name)
	if err != nil {
		return nil, err
	}
	d := &draft{final, beside(final, partialPrefix)}
	old := beside(final, oldPrefix)
	switch {
	case hasManifest(final):
		err = os.RemoveAll(old)
	case hasManifest(old):
		err = os.Rename(old, final)
	}
	if err == nil {
		err = os.RemoveAll(d.dir)
	}
	if err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err != nil {
		return nil, unwritable(err)
	}
	return d, nil
}

// finish writes the manifest, and puts the snapshot in the place of another one. There is one
// of the two at every moment.
func (d *draft) finish(m Manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, manifestFile), append(data, '\n'), 0o600); err != nil {
		return unwritable(err)
	}
	if err := syncDir(d.dir); err != nil {
		return unwritable(err)
	}
	old := beside(d.final, oldPrefix)
	if hasManifest(d.final) {
		err = os.Rename(d.final, old)
	}
	if err == nil {
		err = os.Rename(d.dir, d.final)
	}
	if err == nil {
		err = syncPath(filepath.Dir(d.final))
	}
	if err == nil {
		err = os.RemoveAll(old)
	}
	if err != nil {
		return unwritable(err)
	}
	return nil
}

// discard removes what there is.
func (d *draft) discard() error { return os.RemoveAll(d.dir) }

// syncDir has a directory and its files reach the disk.
func syncDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := syncPath(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return syncPath(dir)
}

// syncPath has a file or a directory reach the disk. Windows does that with directories itself.
func syncPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	flag := os.O_RDWR
	if info.IsDir() {
		if runtime.GOOS == "windows" {
			return nil
		}
		flag = os.O_RDONLY
	}
	file, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
