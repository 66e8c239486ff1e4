//go:build unix

package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestChild(t *testing.T) {
	t.Setenv("KINDCTL_CNI", "calico")
	var said []string
	say := func(text string) { said = append(said, text) }
	used, err := child(t.Context(), "/bin/sh", []string{"-c", `echo one >&2; echo "cni $KINDCTL_CNI" >&2; echo result; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`}, nil, say)
	if err != nil || used <= 0 {
		t.Errorf("used %v, %v", used, err)
	}
	if diff := cmp.Diff([]string{"one", "cni"}, said); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	_, err = child(t.Context(), "/bin/sh", []string{"-c", "echo the reason >&2; exit 4"}, nil, say)
	if hint.ReasonOf(err) != "ARM_FAILED" || !strings.Contains(err.Error(), "the reason") || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("a command that fails: %v", err)
	}
}

// TestChildInterrupted: a command hears of the end and may clean up first.
func TestChildInterrupted(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "cleaned")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ended := errors.New("enough")
	_, err := child(ctx, "/bin/sh", []string{"-c", `trap 'echo yes >"$0"; exit 130' INT; echo ready >&2; while :; do sleep 0.05; done`, mark}, nil, func(text string) {
		if text == "ready" {
			cancel(ended)
		}
	})
	if !errors.Is(err, ended) {
		t.Errorf("%v, want %v", err, ended)
	}
	if text, err := os.ReadFile(mark); err != nil || strings.TrimSpace(string(text)) != "yes" {
		t.Errorf("the command did not clean up: %q, %v", text, err)
	}
}

func TestLinesKeepTheLast(t *testing.T) {
	l := &lines{say: func(string) {}}
	for _, text := range []string{strings.Repeat("early\n", 30), "la", "st\nunfinished"} {
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(l.last) != keptLines || l.last[keptLines-1] != "last" || l.last[0] != "early" {
		t.Errorf("%q", l.last)
	}
}
