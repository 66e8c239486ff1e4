package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestCheckKubeconfig(t *testing.T) {
	const good = "apiVersion: v1\nkind: Config\n"
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		reason  string
	}{
		{"not there yet", func(*testing.T, string) {}, ""},
		{"good", write("", good), ""},
		{"empty", write("", ""), ""},
		{"locked", write(".lock", ""), "KUBECONFIG_LOCKED"},
		{"broken", write("", "clusters: 3\n"), "KUBECONFIG_BROKEN"},
		{"a link to a file to come", func(t *testing.T, path string) {
			if err := os.Symlink("target", path); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"a link into a directory that is missing", func(t *testing.T, path string) {
			if err := os.Symlink(filepath.Join("nowhere", "target"), path); err != nil {
				t.Fatal(err)
			}
		}, "KUBECONFIG_UNWRITABLE"},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "KUBECONFIG_UNWRITABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			tt.prepare(t, path)
			synctest.Test(t, func(t *testing.T) { // in which waiting for a lock takes no time
				err := CheckKubeconfig(t.Context(), path)
				if got := hint.ReasonOf(err); got != tt.reason || (err != nil) != (tt.reason != "") {
					t.Errorf("error is %v (%s), want %q", err, got, tt.reason)
				}
			})
		})
	}
	t.Run("below a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write("", "")(t, path)
		if err := CheckKubeconfig(t.Context(), filepath.Join(path, "config")); hint.ReasonOf(err) != "KUBECONFIG_UNWRITABLE" {
			t.Errorf("error is %v, want KUBECONFIG_UNWRITABLE", err)
		}
	})
}

// TestUnlocked wants a lock that others hold for a moment to be waited for, and
// a wait to end with its context.
func TestUnlocked(t *testing.T) {
	held := &fs.PathError{Op: "open", Path: "config.lock", Err: syscall.EEXIST}
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		err := retryLocked(t.Context(), func() error {
			if tries++; tries < 3 {
				return fmt.Errorf("failed to lock config file: %w", held)
			}
			return nil
		})
		if err != nil || tries != 3 {
			t.Errorf("%d tries, then %v", tries, err)
		}
		err = retryLocked(t.Context(), func() error { return held })
		if hint.ReasonOf(err) != "KUBECONFIG_LOCKED" || !strings.Contains(hint.AdviceOf(err), "rm config.lock") {
			t.Errorf("error is %v (%s)", err, hint.AdviceOf(err))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := retryLocked(ctx, func() error { return held }); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want that of the context", err)
		}
		broken := errors.New("disk full")
		if err := retryLocked(t.Context(), func() error { return broken }); err != broken { //nolint:errorlint // it comes back as it is
			t.Errorf("error is %v, want %v at once", err, broken)
		}
	})
}

func write(suffix, content string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path+suffix, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
