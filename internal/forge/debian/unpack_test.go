package debian

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// archive makes a tar of headers; a regular file holds its own name.
func archive(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range headers {
		if header.Typeflag == tar.TypeReg {
			header.Size = int64(len(header.Name))
		}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := writer.Write([]byte(header.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func testTree(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	root, err := newTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root, dir
}

func TestUntar(t *testing.T) {
	root, dir := testTree(t)
	packed := archive(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "./tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		tar.Header{Name: "./bin/mount", Typeflag: tar.TypeReg, Mode: 0o4755},
		tar.Header{Name: "./bin/mount.also", Typeflag: tar.TypeLink, Linkname: "./bin/mount"},
		tar.Header{Name: "./lib64/ld.so", Typeflag: tar.TypeSymlink, Linkname: "../lib/ld.so"},
		tar.Header{Name: "./lib64/ld.so", Typeflag: tar.TypeSymlink, Linkname: "../lib/ld2.so"},
		tar.Header{Name: "./usr/share/man/man1/mount.1", Typeflag: tar.TypeReg, Mode: 0o644},
	)
	if err := untar(packed, root, newTrimmer(Spec{})); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"tmp":                fs.ModeDir | fs.ModeSticky | 0o777,
		"usr/bin/mount":      fs.ModeSetuid | 0o755,
		"usr/bin/mount.also": fs.ModeSetuid | 0o755,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
	if target, _ := root.Readlink("usr/lib64/ld.so"); target != "../lib/ld2.so" {
		t.Errorf("the later link lost: %q", target)
	}
	if _, err := root.Lstat("usr/share"); err == nil {
		t.Error("a manual page was unpacked")
	}
}

func TestUntarStaysInTheTree(t *testing.T) {
	root, dir := testTree(t)
	packed := archive(t, tar.Header{Name: "../escaped", Typeflag: tar.TypeReg, Mode: 0o644})
	if err := untar(packed, root, newTrimmer(Spec{})); err == nil || !strings.Contains(err.Error(), "escape") {
		t.Errorf("err = %v, want one about escaping", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "../escaped")); err == nil {
		t.Error("a file was written beside the tree")
	}
}

func TestUntarRefusesDevices(t *testing.T) {
	root, _ := testTree(t)
	packed := archive(t, tar.Header{Name: "./dev/null", Typeflag: tar.TypeChar, Mode: 0o666})
	if err := untar(packed, root, newTrimmer(Spec{})); err == nil {
		t.Error("a device was accepted")
	}
}

// Who builds with a strict umask gets the same tree as everybody else.
func TestUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	root, _ := testTree(t)
	packed := archive(t, tar.Header{Name: "./usr/share/base-passwd/passwd.master", Typeflag: tar.TypeReg, Mode: 0o644})
	if err := errors.Join(untar(packed, root, newTrimmer(Spec{})), configure(root, Spec{})); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		".": 0o755, "usr": 0o755, "usr/share/base-passwd": 0o755, "usr/local/bin": 0o755, "etc": 0o755,
		"usr/share/base-passwd/passwd.master": 0o644, "etc/passwd": 0o644,
	} {
		if info, err := root.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
}
