package house

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
	gomodule "golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// TestCanBeInstalled packs the last commit as a module proxy does: "go install
// github.com/kindctl/kindctl@latest" takes no module with replacements, and what
// is embedded has to be in the archive also where nothing was packed before.
func TestCanBeInstalled(t *testing.T) {
	root := filepath.Join("..", "..")
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace) > 0 || len(mod.Exclude) > 0 {
		t.Errorf("go.mod replaces %d modules and excludes %d; no such module can be installed", len(mod.Replace), len(mod.Exclude))
	}
	committed, err := exec.Command("git", "-C", root, "archive", "--format=zip", "HEAD").Output()
	if err != nil {
		t.Skipf("this is no checkout that git reads: %v", err)
	}
	tree, err := zip.NewReader(bytes.NewReader(committed), int64(len(committed)))
	if err != nil {
		t.Fatal(err)
	}
	var files []modzip.File
	for _, file := range tree.File {
		if !file.FileInfo().IsDir() {
			files = append(files, committedFile{file})
		}
	}
	version := gomodule.Version{Path: mod.Module.Mod.Path, Version: "v0.0.1"}
	var packed bytes.Buffer
	if err := modzip.Create(&packed, version, files); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.go", "internal/charts/embedded/.gitignore", "internal/forge/modules/kubernetes-1.37.mod"} {
		if _, err := archive.Open(version.Path + "@" + version.Version + "/" + name); err != nil {
			t.Errorf("the module lacks %s: %v", name, err)
		}
	}
}

// committedFile is a file of a commit.
type committedFile struct{ *zip.File }

func (f committedFile) Path() string                { return f.Name }
func (f committedFile) Lstat() (os.FileInfo, error) { return f.FileInfo(), nil }
