package forge

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestErrorOfCommandCarriesItsLastOutput(t *testing.T) {
	script := `i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; echo "x.go:7: no such thing" >&2; exit 3`
	err := (&work{}).run(t.Context(), command{name: "sh", args: []string{"-c", script}})
	if err == nil || !strings.Contains(err.Error(), "x.go:7: no such thing") || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("the error does not say what happened: %v", err)
	}
	if strings.Contains(err.Error(), "line 5\n") || len(err.Error()) > tailSize+200 {
		t.Errorf("the error carries %d bytes of output", len(err.Error()))
	}
	if hint.CodeOf(err) != hint.Creation || hint.AdviceOf(err) == "" {
		t.Errorf("exit code %d, advice %q", hint.CodeOf(err), hint.AdviceOf(err))
	}
}

func TestCommandReportsLinesWhileItRuns(t *testing.T) {
	var lines []string
	output, err := (&work{}).output(t.Context(), command{
		name: "sh", args: []string{"-c", "echo a >&2; echo b >&2; echo out"},
		lines: func(r io.Reader) {
			for scanner := bufio.NewScanner(r); scanner.Scan(); {
				lines = append(lines, scanner.Text())
			}
		},
	})
	if err != nil || output != "out\n" || strings.Join(lines, " ") != "a b" {
		t.Errorf("output %q, lines %v, error %v", output, lines, err)
	}
}

func TestCancelledCommandEndsWithItsChildren(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	started := time.Now()
	// The child holds the output open: only its end lets the command return.
	err := (&work{}).run(ctx, command{name: "sh", args: []string{"-c", "sleep 60 & wait"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

func TestAdviceKnowsUsualCauses(t *testing.T) {
	for output, want := range map[string]string{
		"write /tmp/x: no space left on device":                      "disk space",
		"Get \"https://proxy.example.com/x\": dial tcp: i/o timeout": "GOPROXY",
		"/usr/bin/ld: cannot find -lseccomp":                         "libseccomp-dev",
		"compile: signal: killed":                                    "memory",
		"something else":                                             "Run the same command again",
	} {
		if got := adviceFor(output); !strings.Contains(got, want) {
			t.Errorf("advice for %q is %q, which lacks %q", output, got, want)
		}
	}
}

func TestPreflightNamesWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	store := cache{t.TempDir()}
	todo := []component{{name: "x", lane: unpack}}
	err := preflight(t.Context(), todo, store)
	if hint.CodeOf(err) != hint.Preflight || !strings.Contains(hint.AdviceOf(err), "package") {
		t.Errorf("without apt-get and dpkg-deb: %v (%q)", err, hint.AdviceOf(err))
	}
	if err := preflight(t.Context(), nil, store); err != nil {
		t.Errorf("nothing to build needs a program: %v", err)
	}
}

func TestOverallProgressReachesItsTotal(t *testing.T) {
	recorder := &event.Recorder{}
	b, _ := bench(t, t.TempDir(), "1", "")
	for i := range b.graph {
		b.graph[i].estimate = time.Duration(i+1) * time.Second
	}
	b.sink = recorder
	if _, err := b.run(t.Context(), b.missing(lineEnd)); err != nil {
		t.Fatal(err)
	}
	var steps []int64
	for _, e := range recorder.Events() {
		if e.ID == "images" && e.Kind == event.Progress {
			steps = append(steps, e.Completed)
			if e.Total != 6 {
				t.Errorf("the total is %d, not 1+2+3 seconds", e.Total)
			}
		}
	}
	if len(steps) != 3 || steps[2] != 6 {
		t.Errorf("progress goes %v", steps)
	}
}
