package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRewrite uses documents as Docker writes them for a privileged container.
func TestRewrite(t *testing.T) {
	missing := map[string]bool{"CAP_SYS_RESOURCE": true, "CAP_SYS_MODULE": true}
	tests := []struct {
		file string
		kind documentKind
	}{
		{"testdata/create.json", configDocument},
		{"testdata/exec.json", processDocument},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.file), func(t *testing.T) {
			before, err := os.ReadFile(tt.file)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "document.json")
			if err := os.WriteFile(file, before, 0o640); err != nil {
				t.Fatal(err)
			}
			if err := rewrite(file, tt.kind, missing); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := before
			for name := range missing {
				if got := strings.Count(string(want), name); got != 3 {
					t.Fatalf("%s has %s in %d sets, want 3", tt.file, name, got)
				}
				want = bytes.ReplaceAll(want, []byte(`"`+name+`",`), nil)
			}
			if diff := cmp.Diff(decode(t, want), decode(t, after)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if info, err := os.Stat(file); err != nil || info.Mode() != 0o640 {
				t.Errorf("the file is now %v, %v", info, err)
			}
		})
	}
}

func TestRewriteOfLittle(t *testing.T) {
	tests := []struct {
		name, before, want string
		kind               documentKind
	}{
		{"no process", `{"ociVersion": "1.0.2"}`, `{"ociVersion": "1.0.2"}`, configDocument},
		{"no capabilities", `{"args": ["sh"], "capabilities": null}`, `{"args": ["sh"], "capabilities": null}`, processDocument},
		{"nothing else left", `{"capabilities": {"bounding": ["CAP_KILL"]}}`, `{"capabilities": {"bounding": []}}`, processDocument},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "document.json")
			if err := os.WriteFile(file, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := rewrite(file, tt.kind, map[string]bool{"CAP_KILL": true}); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, []byte(tt.want)), decode(t, after)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRewriteKeepsWhatItCannotRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "document.json")
	if err := rewrite(file, configDocument, nil); err == nil {
		t.Error("a document that is not there was rewritten")
	}
	for _, broken := range []string{"", "{", `{"process": {"capabilities": 3}}`} {
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := rewrite(file, configDocument, nil); err == nil {
			t.Errorf("%q was accepted", broken)
		}
		if after, err := os.ReadFile(file); err != nil || string(after) != broken {
			t.Errorf("%q became %q, %v", broken, after, err)
		}
	}
}

// decode keeps numbers as they are written.
func decode(t *testing.T, data []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
