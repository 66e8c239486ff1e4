package snapshot

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// exported is the file of a snapshot of cluster lab.
func exported(t *testing.T, store Store, name string) []byte {
	t.Helper()
	saved(t, store, "lab", name, strings.Repeat("content", 1000))
	m, err := store.Read("lab", name)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := store.Export(t.Context(), m, &file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func imported(ctx context.Context, store Store, file []byte, name string, replace bool) (Manifest, error) {
	opened, err := OpenFile(ctx, bytes.NewReader(file))
	if err != nil {
		return Manifest{}, err
	}
	return store.Import(ctx, opened, name, replace)
}

func TestFileHoldsASnapshot(t *testing.T) {
	store, other := Store{t.TempDir()}, Store{t.TempDir()}
	file := exported(t, store, "one")
	for _, name := range []string{"", "two"} {
		m, err := imported(t.Context(), other, file, name, false)
		if err != nil {
			t.Fatal(err)
		}
		read, err := other.Read("lab", m.Name)
		if err == nil {
			err = other.Check(t.Context(), read)
		}
		if diff := cmp.Diff(m, read); err != nil || diff != "" {
			t.Errorf("%v, and the manifest (-imported +read):\n%s", err, diff)
		}
		if _, err := imported(t.Context(), other, file, name, false); hint.ReasonOf(err) != hint.SnapshotExists.Name {
			t.Errorf("a second import: %v", err)
		}
		if _, err := imported(t.Context(), other, file, name, true); err != nil {
			t.Errorf("a replacement: %v", err)
		}
	}
	again, err := other.Read("lab", "one")
	if err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if err := other.Export(t.Context(), again, &second); err != nil || !bytes.Equal(second.Bytes(), file) {
		t.Errorf("%v, or the file of an imported snapshot is another one", err)
	}
}

func TestBadFilesLeaveNothing(t *testing.T) {
	source := Store{t.TempDir()}
	good := exported(t, source, "one")
	entries := func(change func(*tar.Header, []byte) []byte) []byte {
		var out bytes.Buffer
		in, file := tar.NewReader(bytes.NewReader(good)), tar.NewWriter(&out)
		for header, err := in.Next(); err == nil; header, err = in.Next() {
			content, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			content = change(header, content)
			header.Size = int64(len(content))
			if err := file.WriteHeader(header); err != nil {
				t.Fatal(err)
			}
			if _, err := file.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	inManifest := func(old, another string) []byte {
		return entries(func(header *tar.Header, content []byte) []byte {
			if header.Name == manifestFile {
				return bytes.ReplaceAll(content, []byte(old), []byte(another))
			}
			return content
		})
	}
	named := func(old, another string) []byte {
		return entries(func(header *tar.Header, content []byte) []byte {
			header.Name = strings.Replace(header.Name, old, another, 1)
			return content
		})
	}
	for name, tt := range map[string]struct {
		file   []byte
		reason hint.Reason
		says   string
	}{
		"empty":                   {nil, hint.SnapshotFile, "unexpected EOF"},
		"no archive":              {[]byte(strings.Repeat("kind: Cluster\n", 100)), hint.SnapshotFile, "not a snapshot"},
		"another archive":         {named(manifestFile, "README"), hint.SnapshotFile, "README"},
		"cut off in the manifest": {good[:600], hint.SnapshotFile, "unexpected EOF"},
		"cut off in an archive":   {good[:len(good)-2000], hint.SnapshotFile, "truncated"},
		"a changed archive": {entries(func(header *tar.Header, content []byte) []byte {
			if header.Name == "volume" {
				content[len(content)-1] ^= 1
			}
			return content
		}), hint.SnapshotFile, "volume has been changed"},
		"an archive of another name":      {named("volume", "other"), hint.SnapshotFile, "other"},
		"a name that leads out of it":     {inManifest(`"volume"`, `"../volume"`), hint.SnapshotFile, "no name of a file"},
		"a name that is the manifest's":   {inManifest(`"volume"`, `"manifest.json"`), hint.SnapshotFile, "no name of a file"},
		"a cluster that leads out of all": {inManifest(`"cluster": "lab"`, `"cluster": "../lab"`), hint.SnapshotFile, "../lab"},
		"another format":                  {inManifest("v1alpha1", "v9"), hint.SnapshotFormat, "v9"},
		"more than there should be": {func() []byte {
			var more bytes.Buffer
			more.Write(bytes.TrimRight(good, "\x00"))
			more.Write(make([]byte, (512-more.Len()%512)%512))
			file := tar.NewWriter(&more)
			if err := file.WriteHeader(&tar.Header{Name: "more", Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			return more.Bytes()
		}(), hint.SnapshotFile, "more in it"},
	} {
		t.Run(name, func(t *testing.T) {
			store := Store{t.TempDir()}
			before := saved(t, store, "lab", "one", "what is there")
			_, err := imported(t.Context(), store, tt.file, "", true)
			if hint.ReasonOf(err) != tt.reason.Name || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %v (%s)", err, hint.ReasonOf(err))
			}
			if after, err := store.Read("lab", "one"); err != nil || after.Nodes[0].Volume != before.Nodes[0].Volume {
				t.Errorf("what was there is %+v, %v", after, err)
			}
			if left, err := filepath.Glob(filepath.Join(store.Dir, "*", ".*")); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
}

func TestDamagedSnapshotsAreNotExported(t *testing.T) {
	store := Store{t.TempDir()}
	exported(t, store, "one")
	m, err := store.Read("lab", "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(m.Dir, "volume"), 5); err != nil {
		t.Fatal(err)
	}
	if err := store.Export(t.Context(), m, io.Discard); hint.ReasonOf(err) != hint.SnapshotDamaged.Name {
		t.Errorf("a truncated archive: %v", err)
	}
}

func TestInterruptedImportLeavesNothing(t *testing.T) {
	store := Store{t.TempDir()}
	file := exported(t, store, "one")
	ctx, cancel := context.WithCancel(t.Context())
	opened, err := OpenFile(ctx, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := store.Import(ctx, opened, "two", false); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("the error is %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(store.Dir, "lab", "*")); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}
