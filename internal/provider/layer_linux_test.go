package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestRemovalKeepsWhatIsNotListed: what Docker does not list is mounted.
func TestRemovalKeepsWhatIsNotListed(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"gone/deep", "kept/mounted"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"gone/deep/a file", "kept/mounted/precious"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "kept"), filepath.Join(dir, "gone", "link")); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, path := range []string{"gone", "gone/deep", "gone/deep/a file", "gone/link", "kept", "missing"} {
		listed = append(listed, filepath.Join(dir, path))
	}
	command := exec.Command(removeEach[0], removeEach[1:]...)
	command.Stdin = nullEnded(deepestFirst(listed), "")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Lstat(filepath.Join(dir, "gone")); !os.IsNotExist(err) {
		t.Errorf("what is listed was left: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kept", "mounted", "precious")); err != nil {
		t.Errorf("what is not listed was removed: %v", err)
	}
}
