package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocument(t *testing.T) {
	tests := []struct {
		name string
		args []string
		path string
		kind documentKind
	}{
		{"create, as containerd calls it", []string{"--root", "/run/exec", "--log", "/l", "--log-format", "json", "--systemd-cgroup", "create", "--bundle", "/b", "--pid-file", "/p", "run"}, "/b/config.json", configDocument},
		{"exec of a container called create", []string{"--root=/r", "exec", "--process", "/tmp/p", "--detach", "create"}, "/tmp/p", processDocument},
		{"run in the current directory", []string{"run", "name"}, "config.json", configDocument},
		{"exec with a short flag", []string{"exec", "-p", "/x", "name"}, "/x", processDocument},
		{"exec of a command line has no document", []string{"exec", "name", "sh"}, "", processDocument},
		{"delete of a container called exec", []string{"--root", "/r", "delete", "--force", "exec"}, "", 0},
		{"a root called run", []string{"--root", "run", "state", "x"}, "", 0},
		{"nothing", nil, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, kind := document(tt.args)
			if path != tt.path || (path != "" && kind != tt.kind) {
				t.Errorf("document(%q) = %q, %v; want %q, %v", tt.args, path, kind, tt.path, tt.kind)
			}
		})
	}
}

func TestAbsentFrom(t *testing.T) {
	tests := []struct {
		mask string
		want map[string]bool
	}{
		{"000001ffffffffff", map[string]bool{}},
		{"000001fffeffffff", map[string]bool{"CAP_SYS_RESOURCE": true}},
		{"000001fffeffffdf", map[string]bool{"CAP_SYS_RESOURCE": true, "CAP_KILL": true}},
	}
	for _, tt := range tests {
		got, err := absentFrom(tt.mask)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("absentFrom(%s) (-want +got):\n%s", tt.mask, diff)
		}
	}
	if _, err := absentFrom("zz"); err == nil {
		t.Error("a mask that is no number was accepted")
	}
}

func TestRewriteDropsOnlyWhatIsMissing(t *testing.T) {
	process := map[string]any{
		"terminal": true, "args": []any{"sh"}, "noNewPrivileges": false,
		"capabilities": map[string]any{"bounding": []any{"CAP_KILL", "CAP_SYS_RESOURCE"}, "effective": []any{"CAP_SYS_RESOURCE"}},
	}
	reduced := map[string]any{
		"terminal": true, "args": []any{"sh"}, "noNewPrivileges": false,
		"capabilities": map[string]any{"bounding": []any{"CAP_KILL"}, "effective": []any{}},
	}
	tests := []struct {
		name         string
		kind         documentKind
		before, want map[string]any
	}{
		{"exec", processDocument, process, reduced},
		{"create", configDocument, map[string]any{"ociVersion": "1.0.2", "process": process, "linux": map[string]any{"x": 1.5}},
			map[string]any{"ociVersion": "1.0.2", "process": reduced, "linux": map[string]any{"x": 1.5}}},
		{"no capabilities at all", processDocument, map[string]any{"args": []any{"sh"}, "capabilities": nil}, map[string]any{"args": []any{"sh"}, "capabilities": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "document.json")
			data, err := json.Marshal(tt.before)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := rewrite(file, tt.kind, map[string]bool{"CAP_SYS_RESOURCE": true}); err != nil {
				t.Fatal(err)
			}
			data, err = os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}
