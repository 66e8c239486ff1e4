package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMergeKeepsEverythingElse(t *testing.T) {
	ours := map[string]any{"path": "/bin/capshim"}
	tests := []struct {
		name, before string
		want         map[string]any
	}{
		{"no file", "", map[string]any{"runtimes": map[string]any{"capshim": ours}, "default-runtime": "capshim"}},
		{"settings of the user", `{"data-root": "/data", "log-opts": {"max-size": "10m"}, "runtimes": {"nvidia": {"path": "nv", "runtimeArgs": ["-x"]}}}`,
			map[string]any{"data-root": "/data", "log-opts": map[string]any{"max-size": "10m"}, "default-runtime": "capshim",
				"runtimes": map[string]any{"nvidia": map[string]any{"path": "nv", "runtimeArgs": []any{"-x"}}, "capshim": ours}}},
		{"an older path of ours", `{"runtimes": {"capshim": {"path": "/old"}}, "default-runtime": "runc"}`,
			map[string]any{"runtimes": map[string]any{"capshim": ours}, "default-runtime": "capshim"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after, err := merge([]byte(tt.before), "/bin/capshim")
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(after, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := merge([]byte("{broken"), "/bin/capshim"); err == nil {
		t.Error("a broken file was accepted; it would have been lost")
	}
}
