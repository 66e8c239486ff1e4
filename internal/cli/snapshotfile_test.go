package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

// TestNewFileReplacesNone has another process make the file while it is written.
func TestNewFileReplacesNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeded.tar")
	err := writeNewFile(path, func(out io.Writer) error {
		_, err := io.WriteString(out, "keys")
		if err == nil {
			err = os.WriteFile(path, []byte("other"), 0o600)
		}
		return err
	})
	if hint.ReasonOf(err) != hint.FileExists.Name {
		t.Errorf("the error is %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "other" {
		t.Errorf("the file has %q, %v", content, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}
