//go:build e2e

package debian

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/event"
)

// TestBuild builds every tree for real from a Debian mirror.
func TestBuild(t *testing.T) {
	for _, s := range []struct {
		Spec
		limit int64 // of the tree's size, in bytes
		files []string
	}{
		{Userland, 50e6, []string{"usr/bin/ip", "usr/sbin/nft", "usr/sbin/iptables-legacy", "etc/ssl/certs/ca-certificates.crt"}},
		{NodeBase, 90e6, []string{"usr/lib/systemd/systemd", "usr/sbin/init", "usr/bin/update-alternatives"}},
		{NetworkTools, 75e6, []string{"usr/bin/dig", "usr/bin/curl", "usr/bin/nc", "usr/bin/ping"}},
		{CalicoNode, 3e6, []string{"usr/bin/runsvdir", "usr/sbin/bird"}},
		{Cilium, 265e6, []string{"usr/lib/llvm-19/bin/clang"}},
	} {
		t.Run(s.Name, func(t *testing.T) {
			dir := filepath.Join(scratch(t), s.Name)
			if err := Build(t.Context(), s.Spec, dir, event.Discard); err != nil {
				t.Fatal(err)
			}
			for _, name := range append(s.files, "usr/share/kindctl/packages/"+s.Name) {
				if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
			size := treeSize(t, dir)
			t.Logf("%d bytes", size)
			if size > s.limit {
				t.Errorf("%d bytes, more than %d", size, s.limit)
			}
			checkInterpreters(t, dir)
		})
	}
}

// TestBuildAgain makes sure that equal inputs give equal trees.
func TestBuildAgain(t *testing.T) {
	var trees [2]string
	for i := range trees {
		dir := filepath.Join(t.TempDir(), "tree")
		if err := Build(t.Context(), CalicoNode, dir, event.Discard); err != nil {
			t.Fatal(err)
		}
		trees[i] = summary(t, dir)
	}
	if trees[0] != trees[1] {
		t.Errorf("two builds differ:\n%s\n%s", trees[0], trees[1])
	}
}

// scratch is the empty folder KINDCTL_TEST_TREES, to keep the trees, or a
// temporary one.
func scratch(t *testing.T) string {
	if dir := os.Getenv("KINDCTL_TEST_TREES"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func treeSize(t *testing.T, dir string) (size int64) {
	walk(t, dir, func(_ string, info fs.FileInfo) {
		if info.Mode().IsRegular() {
			size += info.Size()
		}
	})
	return size
}

func summary(t *testing.T, dir string) string {
	var lines strings.Builder
	walk(t, dir, func(name string, info fs.FileInfo) {
		lines.WriteString(name + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(content)
		}
		lines.WriteString("\n")
	})
	return lines.String()
}

// checkInterpreters makes sure that no script was left that cannot start.
func checkInterpreters(t *testing.T, dir string) {
	walk(t, dir, func(name string, info fs.FileInfo) {
		if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(content), "\n")
		for _, absent := range []string{"perl", "python"} {
			if strings.HasPrefix(line, "#!") && strings.Contains(line, absent) {
				t.Errorf("%s needs %s", name, absent)
			}
		}
	})
}

func walk(t *testing.T, dir string, visit func(name string, info fs.FileInfo)) {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			name, _ := filepath.Rel(dir, path)
			visit(name, info)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
