package debian

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// program puts a shell script on a PATH that holds nothing else of the host.
func program(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestHostWithoutDebianTools(t *testing.T) {
	path := t.TempDir()
	t.Setenv("PATH", path)
	err := Build(t.Context(), Userland, filepath.Join(t.TempDir(), "tree"), event.Discard)
	if hint.CodeOf(err) != hint.Preflight || hint.ReasonOf(err) != "DEBIAN_TOOLS" || !strings.Contains(hint.AdviceOf(err), "package apt") {
		t.Errorf("err = %v, advice %q", err, hint.AdviceOf(err))
	}
	program(t, path, "apt-get", "")
	program(t, path, "apt-config", "")
	err = checkHost()
	if hint.ReasonOf(err) != "DEBIAN_TOOLS" || !strings.Contains(hint.AdviceOf(err), "package dpkg") {
		t.Errorf("err = %v, advice %q", err, hint.AdviceOf(err))
	}
}

// knownMirror begins a script of apt-get that knows one.
const knownMirror = `[ "$1" = indextargets ] && echo "Debian http://m.example" && exit; `

func TestHostWithoutMirror(t *testing.T) {
	if _, err := os.Stat(keyring); err != nil {
		t.Skip("needs debian-archive-keyring")
	}
	for name, script := range map[string]string{"of another system": "echo Ubuntu http://m.example", "broken": "exit 100"} {
		path := t.TempDir()
		t.Setenv("PATH", path)
		program(t, path, "apt-get", script)
		program(t, path, "apt-config", "")
		program(t, path, "dpkg-deb", "")
		err := Build(t.Context(), Userland, filepath.Join(t.TempDir(), "tree"), event.Discard)
		if hint.CodeOf(err) != hint.Preflight || hint.ReasonOf(err) != "DEBIAN_MIRROR" || !strings.Contains(hint.AdviceOf(err), "apt-get update") {
			t.Errorf("%s: err = %v, advice %q", name, err, hint.AdviceOf(err))
		}
	}
}

func TestMirrorThatDoesNotAnswer(t *testing.T) {
	if _, err := os.Stat(keyring); err != nil {
		t.Skip("needs debian-archive-keyring")
	}
	path := t.TempDir()
	t.Setenv("PATH", path)
	program(t, path, "apt-get", knownMirror+"echo 'W: old' >&2; echo 'E: Failed to fetch http://m.example' >&2; exit 100")
	program(t, path, "apt-config", "")
	program(t, path, "dpkg-deb", "")
	err := Build(t.Context(), Userland, filepath.Join(t.TempDir(), "tree"), event.Discard)
	if hint.CodeOf(err) != hint.Preflight || hint.ReasonOf(err) != "DEBIAN_MIRROR" {
		t.Fatalf("err = %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "Failed to fetch http://m.example") || strings.Contains(text, "W: old") {
		t.Errorf("err = %v", err)
	}
}

// An interrupted build ends its programs and says that it was interrupted.
func TestInterruptedBuild(t *testing.T) {
	if _, err := os.Stat(keyring); err != nil {
		t.Skip("needs debian-archive-keyring")
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	t.Setenv("PATH", path)
	program(t, path, "apt-get", knownMirror+`[ "$1" = update ] || exit 0; exec `+sleep+" 600")
	program(t, path, "apt-config", "")
	program(t, path, "dpkg-deb", "")
	ctx, cancel := context.WithCancel(t.Context())
	interrupt := event.Func(func(event.Event) { cancel() })
	err = Build(ctx, Userland, filepath.Join(t.TempDir(), "tree"), interrupt)
	if !errors.Is(err, context.Canceled) || hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("err = %v", err)
	}
}

func TestBuildWantsAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "mine", "")
	if _, err := newTree(dir); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("err = %v", err)
	}
}
