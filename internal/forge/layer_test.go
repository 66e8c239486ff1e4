package forge

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// plant makes a folder with one of everything, in some order and at some time.
func plant(t *testing.T, names []string, when time.Time) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("content of "+name), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(
		os.Link(filepath.Join(dir, "a/one"), filepath.Join(dir, "z")),
		os.Symlink("a/one", filepath.Join(dir, "link")),
		os.Mkdir(filepath.Join(dir, "tmp"), 0o777),
		os.Chmod(filepath.Join(dir, "tmp"), os.ModeSticky|0o777),
		os.Chmod(filepath.Join(dir, "b"), os.ModeSetuid|0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func archiveOf(t *testing.T, dir string) []byte {
	t.Helper()
	content := tree{}
	if err := content.folder("opt", dir, root, nil); err != nil {
		t.Fatal(err)
	}
	content.text("etc/motd", 0o644, "hello\n")
	var archive bytes.Buffer
	if err := content.write(&archive); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestEqualTreesGiveEqualArchives(t *testing.T) {
	names := []string{"a/one", "a/two", "b", "c/d/e"}
	first := archiveOf(t, plant(t, names, time.Unix(1, 0)))
	slices.Reverse(names)
	second := archiveOf(t, plant(t, names, time.Unix(1e9, 5)))
	if !bytes.Equal(first, second) {
		t.Error("two trees that differ in times and order of creation give different archives")
	}
}

func TestArchiveKeepsWhatMatters(t *testing.T) {
	archive := tar.NewReader(bytes.NewReader(archiveOf(t, plant(t, []string{"a/one", "b"}, time.Now()))))
	headers := map[string]*tar.Header{}
	var order []string
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || !header.ModTime.Equal(epoch) {
			t.Errorf("%s belongs to %d:%d and is of %v", header.Name, header.Uid, header.Gid, header.ModTime)
		}
		headers[header.Name] = header
		order = append(order, header.Name)
	}
	want := []string{"etc/", "etc/motd", "opt/", "opt/a/", "opt/a/one", "opt/b", "opt/link", "opt/tmp/", "opt/z"}
	if !slices.Equal(order, want) {
		t.Fatalf("the archive holds %v, not %v", order, want)
	}
	for name, check := range map[string]func(*tar.Header) bool{
		"opt/z": func(h *tar.Header) bool {
			return h.Typeflag == tar.TypeLink && h.Linkname == "opt/a/one" && h.Size == 0
		},
		"opt/link":  func(h *tar.Header) bool { return h.Typeflag == tar.TypeSymlink && h.Linkname == "a/one" },
		"opt/tmp/":  func(h *tar.Header) bool { return h.Mode == 0o1777 },
		"opt/b":     func(h *tar.Header) bool { return h.Mode == 0o4755 },
		"opt/a/one": func(h *tar.Header) bool { return h.Mode == 0o640 && h.Size == int64(len("content of a/one")) },
	} {
		if !check(headers[name]) {
			t.Errorf("%s is not what it was: %+v", name, headers[name])
		}
	}
}

func TestBlobKnowsItsArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x"+layerSuffix)
	content := tree{}
	content.text("a", 0o600, "b")
	if err := content.store(path); err != nil {
		t.Fatal(err)
	}
	blob, err := openBlob(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if size, _ := blob.Size(); size != info.Size() {
		t.Errorf("the layer says it has %d bytes and has %d", size, info.Size())
	}
	digest, _ := blob.Digest()
	diff, _ := blob.DiffID()
	if digest != diff || len(digest.Hex) != 64 {
		t.Errorf("digest %v, diff ID %v", digest, diff)
	}
	content.text("a", 0o600, "c")
	if err := content.store(path); err != nil {
		t.Fatal(err)
	}
	other, err := openBlob(path)
	if err != nil {
		t.Fatal(err)
	}
	if changed, _ := other.Digest(); changed == digest {
		t.Error("another content has the same digest")
	}
}

func TestShareGivesEqualFilesOneContent(t *testing.T) {
	dir := t.TempDir()
	large := bytes.Repeat([]byte("program "), leastShared/8)
	other := slices.Clone(large)
	other[0] = 'P'
	for name, data := range map[string][]byte{"one": large, "two": large, "other": other, "small": {1}, "little": {1}} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	content := tree{}
	if err := content.folder("", dir, root, nil); err != nil {
		t.Fatal(err)
	}
	if err := content.file("readable", 0o644, filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if err := content.share(); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := content.write(&archive); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	reader := tar.NewReader(&archive)
	for header, err := reader.Next(); !errors.Is(err, io.EOF); header, err = reader.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeLink {
			links[header.Name] = header.Linkname
		}
	}
	if len(links) != 1 || links["two"] != "one" {
		t.Errorf("the links are %v, not that of two to one", links)
	}
}
