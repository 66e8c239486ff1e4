package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFindRunc(t *testing.T) {
	dir := t.TempDir()
	program := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	self, other, link := program("capshim"), program("other"), filepath.Join(dir, "runc")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	notProgram := filepath.Join(dir, "text")
	if err := os.WriteFile(notProgram, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	absent := filepath.Join(dir, "absent")
	t.Setenv("PATH", dir)
	tests := []struct {
		name   string
		places []string
		want   string
	}{
		{"the first", []string{other, absent}, other},
		{"absent, and no program", []string{absent, notProgram, other}, other},
		{"never itself by another name", []string{"runc", link, self, other}, other},
		{"only itself", []string{"runc", absent}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := findRunc(self, tt.places)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("findRunc = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}
