package forge

import (
	"os"
	"path/filepath"
	"testing"
)

// plantStore makes a folder as containerd would leave it.
func plantStore(t *testing.T, ids ...string) string {
	t.Helper()
	dir := t.TempDir()
	files := append([]string{contentFolder + "/blobs/sha256/abc"}, databases...)
	for _, id := range ids {
		files = append(files, filepath.Join(snapshots, id, "fs/usr/bin/tool"), filepath.Join(snapshots, id, "fs/etc/some.db"))
	}
	for _, file := range files {
		path := filepath.Join(dir, file)
		if err := mkdirFor(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestClonedStoreSharesAllButDatabases(t *testing.T) {
	parent, dir := plantStore(t, "1"), t.TempDir()
	if err := cloneStore(parent, dir); err != nil {
		t.Fatal(err)
	}
	for file, shared := range map[string]bool{
		databases[0]: false, databases[1]: false,
		contentFolder + "/blobs/sha256/abc": true,
		snapshots + "/1/fs/usr/bin/tool":    true,
		snapshots + "/1/fs/etc/some.db":     true,
	} {
		before, err := os.Stat(filepath.Join(parent, file))
		if err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(before, after) != shared {
			t.Errorf("%s is shared: %v", file, !shared)
		}
	}
}

func TestSplitKeepsSnapshotsOutOfVar(t *testing.T) {
	parent, dir := plantStore(t, "1"), plantStore(t, "1", "2")
	added, state := tree{}, tree{}
	if err := splitStore(dir, parent, added, state); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kind/snapshots/2/fs/usr/bin/tool"} {
		if added[name] == nil {
			t.Errorf("the added snapshots lack %s", name)
		}
	}
	if added["kind/snapshots/1/fs"] != nil {
		t.Error("a snapshot of the parent is added again")
	}
	for id := range map[string]bool{"1": true, "2": true} {
		link := state[nodeRoot+"/"+snapshots+"/"+id]
		if link == nil || link.header.Linkname != "/kind/snapshots/"+id {
			t.Errorf("/var has no link to snapshot %s: %+v", id, link)
		}
	}
	for _, name := range append([]string{contentFolder + "/blobs/sha256/abc"}, databases...) {
		if state[nodeRoot+"/"+name] == nil {
			t.Errorf("/var lacks %s", name)
		}
	}
	if state[nodeRoot+"/"+snapshots+"/2/fs/usr/bin/tool"] != nil {
		t.Error("/var holds an unpacked file")
	}
}
