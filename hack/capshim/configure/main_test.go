package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestConfigure reads testdata/NAME.json, the settings of a user, and wants
// testdata/NAME.golden.
func TestConfigure(t *testing.T) {
	for _, name := range []string{"absent", "empty", "null", "settings", "other-runtimes", "older-shim"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "docker", "daemon.json")
			if before, err := os.ReadFile(filepath.Join("testdata", name+".json")); err == nil {
				write(t, file, before)
			} else if name != "absent" {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden")
			for range 2 { // a second time changes nothing
				if err := configure(file, "/usr/local/bin/capshim"); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if *update {
					write(t, golden, got)
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("settings (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestConfigureLosesNothing(t *testing.T) {
	tests := []struct{ name, before, problem string }{
		{"broken", `{broken`, "invalid character"},
		{"no object", `[]`, "cannot unmarshal array"},
		{"runtimes of another shape", `{"runtimes": ["runc"]}`, "runtimes: "},
		{"someone needs another default", `{"default-runtime": "nvidia"}`, `the default runtime is "nvidia"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "daemon.json")
			write(t, file, []byte(tt.before))
			if err := configure(file, "/shim"); err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("configure = %v, want %q", err, tt.problem)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != tt.before {
				t.Errorf("the file became %q, %v", after, err)
			}
		})
	}
}

func TestConfigureKeepsLinkAndMode(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "daemon.json")
	write(t, target, []byte("{}"))
	if err := os.Chmod(target, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := configure(link, "/shim"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is now %v, %v", info, err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode() != 0o600 || info.Size() < 10 {
		t.Errorf("the file is now %v, %v", info, err)
	}
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
