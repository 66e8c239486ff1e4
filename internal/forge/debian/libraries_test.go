package debian

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

// hostTree copies a program of the host into a tree; it is linked with libc.
func hostTree(t *testing.T) *os.Root {
	t.Helper()
	root := fakeTree(t, map[string]string{"usr/bin/script": "#!/bin/sh\n"})
	from, err := os.Open("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if err := writeFile(root, "usr/bin/sh", io.Reader(from), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestCheckLibraries(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs an ELF program of the host")
	}
	tree := hostTree(t)
	err := checkLibraries(tree.FS(), nil)
	if hint.ReasonOf(err) != "DEBIAN_LIBRARIES" || !strings.Contains(err.Error(), "usr/bin/sh needs libc") {
		t.Fatalf("err = %v, want libc missing", err)
	}
	object, err := readObject(tree.FS(), "usr/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	libraries := map[string]string{}
	for _, library := range object.needed {
		libraries[filepath.Join("usr/lib/x86_64-linux-gnu", library)] = ""
	}
	if err := checkLibraries(tree.FS(), fakeTree(t, libraries).FS()); err != nil {
		t.Errorf("with libc in the base: %v", err)
	}
}

func TestSearchPath(t *testing.T) {
	dirs := searchPath("usr/lib/llvm-19/bin/clang", []string{"$ORIGIN/../lib:/lib/systemd"})
	if dirs[0] != "usr/lib/llvm-19/lib" || dirs[1] != "usr/lib/systemd" {
		t.Errorf("got %v", dirs)
	}
}
