package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

// TestRefused: what cannot be measured is refused before Docker is asked, and so is a
// page that cannot be written: that would be known hours later.
func TestRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, says, hints string }{
		{"--cni celium", `there is no CNI "celium" to measure (did you mean "cilium"?)`, "calico, cilium"},
		{"--cni none", `there is no CNI "none" to measure`, ""},
		{"--cni calico,flannel", `"flannel"`, ""},
		{"--nodes 0", "a cluster of 0 nodes cannot be made", "--nodes 3"},
		{"--nodes 3,-1", "a cluster of -1 nodes", ""},
		{"--nodes many", "many", "-help"},
		{"--runs 0", "--runs must be at least 1", ""},
		{"--runs two", "two", ""},
		{"-o xml", `there is no output format "xml"`, "table, json, go"},
		{"--images nowhere", `there is no source of images "nowhere"`, ""},
		{"calico", `takes no argument "calico"`, ""},
		{"--document nowhere/page.md", "the document nowhere/page.md cannot be written", "permissions"},
		{"--document folder", "the document folder cannot be written", ""},
		{"--kindctl nowhere", "the program nowhere does not run", "make build"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(tt.args), &out, &out)
		if hint.CodeOf(err) != hint.Usage || !strings.Contains(err.Error(), tt.says) || !strings.Contains(hint.AdviceOf(err), tt.hints) {
			t.Errorf("%s: %v (hint: %s)", tt.args, err, hint.AdviceOf(err))
		}
	}
}

// TestPageIsLeftAlone: a page is not touched by a benchmark that does not take place.
func TestPageIsLeftAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no-docker.sock"))
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("page.md", []byte("# My page\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"page.md", "new.md"} {
		var stdout, stderr bytes.Buffer
		err := run(t.Context(), []string{"--kindctl", program, "--document", page, "--cni", "calico,calico", "--nodes", "8,1", "-o", "json"}, &stdout, &stderr)
		if hint.CodeOf(err) != hint.Preflight || !strings.Contains(err.Error(), "Docker does not answer") || stdout.Len() > 0 {
			t.Errorf("%s: %v, %s", page, err, stdout.String())
		}
	}
	if text, err := os.ReadFile("page.md"); err != nil || string(text) != "# My page\n" {
		t.Errorf("the page is %q, %v", text, err)
	}
	if _, err := os.Stat("new.md"); err == nil {
		t.Error("a page was made")
	}
}

func TestParse(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o, err := parse([]string{"--kindctl", program, "--cni", "cilium", "--cni", "calico,cilium", "--nodes", "3,1", "--output", "go"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.lab.CNIs, []string{"calico", "cilium"}) || !slices.Equal(o.lab.Nodes, []int{1, 3}) || o.output != "go" || o.lab.Version != "v1.2.3" {
		t.Errorf("%+v", o)
	}
}
