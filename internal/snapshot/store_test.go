package snapshot

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// saved makes a snapshot whose one node has the archives "files" and "volume".
func saved(t *testing.T, store Store, cluster, name, content string) Manifest {
	t.Helper()
	d, err := store.create(cluster, name)
	if err != nil {
		t.Fatal(err)
	}
	m := Manifest{APIVersion: apiVersion, Kind: kind, Name: name, Cluster: cluster, Nodes: []Node{{Name: cluster + "-control-plane"}}}
	write := func(file string) Archive {
		archive, err := d.write(file, func(out io.Writer) error { _, err := io.WriteString(out, content); return err })
		if err != nil {
			t.Fatal(err)
		}
		return archive
	}
	m.Nodes[0].Files, m.Nodes[0].Volume = write("files"), write("volume")
	if err := d.finish(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestStoreKeepsSnapshots(t *testing.T) {
	store := Store{filepath.Join(t.TempDir(), "snapshots")}
	saved(t, store, "lab", "one", "first")
	saved(t, store, "lab", "one", "second")
	saved(t, store, "other", "two", "third")
	if _, err := store.create("lab", "unfinished"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(store.Dir, "lab", oldPrefix+"one"), os.DirFS(filepath.Join(store.Dir, "lab", "one"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(store.Dir, "other", "two"), filepath.Join(store.Dir, "other", oldPrefix+"two")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Dir, "seeded.tar"), nil, 0o600); err != nil { // which a user has put there
		t.Fatal(err)
	}
	drafts, err := store.Drafts()
	lab := filepath.Join(store.Dir, "lab")
	want := map[string][]string{"lab": {filepath.Join(lab, oldPrefix+"one"), filepath.Join(lab, partialPrefix+"unfinished")}}
	if diff := cmp.Diff(want, drafts); err != nil || diff != "" {
		t.Errorf("%v; drafts (-want +got):\n%s", err, diff)
	}
	found, err := store.List("lab")
	if err != nil || len(found) != 1 || found[0].Name != "one" || found[0].Dir != filepath.Join(store.Dir, "lab", "one") {
		t.Fatalf("lab has %+v, %v", found, err)
	}
	if err := store.Check(t.Context(), found[0]); err != nil {
		t.Error(err)
	}
	if err := store.read(found[0], found[0].Nodes[0].Volume, func(in io.Reader) error {
		content, err := io.ReadAll(in)
		if string(content) != "second" {
			t.Errorf("the archive holds %q", content)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	if all, err := store.List(""); err != nil || len(all) != 2 {
		t.Errorf("there are %+v, %v", all, err)
	}
	if err := store.Remove("other", "two"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(store.Dir, "other")); !os.IsNotExist(err) {
		t.Errorf("the directory of a cluster without snapshots: %v", err)
	}
	if err := store.Remove("other", "two"); hint.ReasonOf(err) != hint.SnapshotMissing.Name {
		t.Errorf("the second removal: %v", err)
	}
}

func TestSnapshotsAreForTheirOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its files have no modes")
	}
	store := Store{filepath.Join(t.TempDir(), "snapshots")}
	saved(t, store, "lab", "one", "keys")
	err := filepath.Walk(store.Dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDamageIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(dir string) error
		reason hint.Reason
		says   string
	}{
		"an archive is missing":   {func(dir string) error { return os.Remove(filepath.Join(dir, "volume")) }, hint.SnapshotDamaged, "volume"},
		"an archive is truncated": {func(dir string) error { return os.Truncate(filepath.Join(dir, "volume"), 5) }, hint.SnapshotDamaged, "has 5 bytes"},
		"an archive is changed":   {flip("files"), hint.SnapshotDamaged, "files has been changed"},
		"the manifest is cut off": {func(dir string) error { return os.Truncate(filepath.Join(dir, manifestFile), 40) }, hint.SnapshotDamaged, "unexpected end"},
		"the manifest is of another snapshot": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, manifestFile), []byte(`{"apiVersion": "kindctl.dev/v1alpha1", "kind": "Snapshot", "name": "x", "cluster": "lab"}`), 0o600)
		}, hint.SnapshotDamaged, "snapshot x of cluster lab"},
		"the manifest leads out of the snapshot": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, manifestFile), []byte(`{"apiVersion": "kindctl.dev/v1alpha1", "kind": "Snapshot", "name": "one", "cluster": "lab",
				"nodes": [{"name": "lab-control-plane", "files": {"file": "../two/files"}, "volume": {"file": "volume"}}]}`), 0o600)
		}, hint.SnapshotDamaged, `"../two/files"`},
		"the format is newer": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, manifestFile), []byte(`{"apiVersion": "kindctl.dev/v9", "kind": "Snapshot", "kindctl": "v3.1.0"}`), 0o600)
		}, hint.SnapshotFormat, `"kindctl.dev/v9" and kind is "Snapshot", by kindctl v3.1.0`},
	} {
		t.Run(name, func(t *testing.T) {
			store := Store{t.TempDir()}
			saved(t, store, "lab", "one", "content")
			saved(t, store, "lab", "two", "content")
			if err := test.damage(filepath.Join(store.Dir, "lab", "one")); err != nil {
				t.Fatal(err)
			}
			m, err := store.Read("lab", "one")
			if err == nil {
				err = store.Check(t.Context(), m)
			}
			if hint.ReasonOf(err) != test.reason.Name || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v", err)
			}
			if found, _ := store.List("lab"); len(found) == 0 || found[len(found)-1].Name != "two" {
				t.Errorf("of the others there are %+v", found)
			}
		})
	}
}

// flip changes the last byte of a file.
func flip(name string) func(string) error {
	return func(dir string) error {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		content[len(content)-1] ^= 1
		return os.WriteFile(filepath.Join(dir, name), content, 0o600)
	}
}

func TestNamesOfSnapshots(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "v1.37.2-seeded": true, "": false, "..": false, ".partial-a": false, "a/b": false, "A": false, "a-": false, strings.Repeat("a", 64): false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestReplacementThatWasKilled(t *testing.T) {
	store := Store{filepath.Join(t.TempDir(), "snapshots")}
	saved(t, store, "lab", "one", "first")
	final := filepath.Join(store.Dir, "lab", "one")
	old, partial := beside(final, oldPrefix), beside(final, partialPrefix)
	if err := os.Rename(final, old); err != nil {
		t.Fatal(err)
	}
	m, err := store.Read("lab", "one")
	if err != nil || store.Check(t.Context(), m) != nil {
		t.Errorf("between the renames: %v, %v", err, store.Check(t.Context(), m))
	}
	if found, err := store.List("lab"); err != nil || len(found) != 1 {
		t.Errorf("between the renames there are %+v, %v", found, err)
	}
	if _, err := store.create("lab", "one"); err != nil || !hasManifest(final) || hasManifest(old) {
		t.Errorf("the next save did not put the old one back: %v", err)
	}
	if err := os.CopyFS(old, os.DirFS(final)); err != nil {
		t.Fatal(err)
	}
	if found, err := store.List("lab"); err != nil || len(found) != 1 || found[0].Dir != final {
		t.Errorf("after the renames there are %+v, %v", found, err)
	}
	saved(t, store, "lab", "one", "second")
	if hasManifest(old) {
		t.Error("the next save left the old one")
	}
	if err := os.Rename(final, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(partial, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := store.Remove("lab", "one"); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(store.Dir); err != nil || len(left) > 0 {
		t.Errorf("removal left %v, %v", left, err)
	}
}

func TestStoreKeepsToItsDirectory(t *testing.T) {
	dir := t.TempDir()
	store := Store{filepath.Join(dir, "[snapshots]")}
	saved(t, store, "lab", "one", "content")
	for _, foreign := range []string{filepath.Join(dir, "fonts"), filepath.Join(store.Dir, "lab", "fonts")} {
		if err := os.MkdirAll(foreign, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, cluster := range []string{"..", "../..", ".", "lab/..", "*"} {
		_, read := store.Read(cluster, "fonts")
		_, listed := store.List(cluster)
		_, created := store.create(cluster, "fonts")
		for method, err := range map[string]error{"Remove": store.Remove(cluster, "fonts"), "Read": read, "List": listed, "create": created} {
			if hint.ReasonOf(err) != hint.SnapshotName.Name {
				t.Errorf("%s of cluster %q: %v", method, cluster, err)
			}
		}
	}
	if err := store.Remove("lab", "fonts"); err == nil {
		t.Error("a directory without a manifest was removed")
	}
	for _, foreign := range []string{filepath.Join(dir, "fonts"), filepath.Join(store.Dir, "lab", "fonts")} {
		if _, err := os.Stat(foreign); err != nil {
			t.Error(err)
		}
	}
	if found, err := store.List(""); err != nil || len(found) != 1 {
		t.Errorf("there are %+v, %v", found, err)
	}
}

func TestMissingSnapshotIsExplained(t *testing.T) {
	store := Store{t.TempDir()}
	if _, err := store.Read("lab", "seeded"); !strings.Contains(hint.AdviceOf(err), "kindctl snapshot save seeded -n lab") {
		t.Errorf("%v; %s", err, hint.AdviceOf(err))
	}
	saved(t, store, "lab", "seeded", "")
	if _, err := store.Read("lab", "seded"); !strings.Contains(err.Error(), `did you mean "seeded"`) ||
		!strings.Contains(hint.AdviceOf(err), "use one of: seeded") {
		t.Errorf("%v; %s", err, hint.AdviceOf(err))
	}
}

func TestStoreFollowsXDG(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for value, want := range map[string]string{
		"": filepath.Join(home, ".local", "share", "kindctl", "snapshots"), "relative": filepath.Join(home, ".local", "share", "kindctl", "snapshots"),
		filepath.Join(home, "data"): filepath.Join(home, "data", "kindctl", "snapshots"),
	} {
		t.Setenv("XDG_DATA_HOME", value)
		if store, err := OpenStore(); err != nil || store.Dir != want {
			t.Errorf("XDG_DATA_HOME=%s: %s, %v", value, store.Dir, err)
		}
	}
}
