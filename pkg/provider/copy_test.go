package provider

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChosenFiles(t *testing.T) {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, entry := range []struct {
		name, content string
		mode          int64
	}{
		{"kubernetes/", "", 0o755}, {"kubernetes/admin.conf", "secret", 0o600},
		{"kubernetes/pki/", "", 0o700}, {"kubernetes/pki/ca.key", "key", 0o600}, {"kubernetes/pki/apiserver.key", "other", 0o600},
		{"kubernetes/tmp/", "", 0o700}, {"kubernetes/tmp/ca.key", "not that one", 0o600},
	} {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: entry.name, Mode: entry.mode, Size: int64(len(entry.content)), Uid: 7}
		if entry.name[len(entry.name)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := out.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(entry.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	chosen, err := chosenFiles(bytes.NewReader(archive.Bytes()), "/etc", []string{"/etc/kubernetes/pki/ca.key"})
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		Name, Content string
		Mode          int64
		Owner         int
	}
	var got []entry
	for in := tar.NewReader(bytes.NewReader(chosen)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(in)
		got = append(got, entry{header.Name, string(content), header.Mode, header.Uid})
	}
	want := []entry{{"etc/kubernetes", "", 0o755, 7}, {"etc/kubernetes/pki", "", 0o700, 7}, {"etc/kubernetes/pki/ca.key", "key", 0o600, 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if _, err := chosenFiles(bytes.NewReader(archive.Bytes()), "/etc", []string{"/etc/kubernetes/pki/ca.crt"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want that a file is not there", err)
	}
}
