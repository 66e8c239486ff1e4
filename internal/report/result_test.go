package report

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// recorded is the stream of an "up" that failed in its verification, with what
// it left for people and machines.
func recorded(t *testing.T) CommandResult {
	t.Helper()
	s := CommandResult{Command: "up", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Err: hint.New(hint.Verification, "VERIFICATION_FAILED", "3 of 6 checks did not pass: net.pods: timeout", "net.pods: kubectl -n kube-system get pods -o wide")}
	data, err := os.ReadFile("testdata/result/report.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s.Report); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile("testdata/result/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		s.Events = append(s.Events, e)
	}
	if len(s.Events) < 20 || len(s.Report.Results) < 6 {
		t.Fatalf("only %d events and %d results were read", len(s.Events), len(s.Report.Results))
	}
	return s
}

// passing is the last line of a live view, which goes up and is cleared.
var passing = regexp.MustCompile("[^\n]*\n\x1b\\[1A\x1b\\[J")

// TestOneStreamThroughAllSinks shows what each sink makes of the same stream.
func TestOneStreamThroughAllSinks(t *testing.T) {
	s := recorded(t)
	outputs := map[string]*bytes.Buffer{}
	out := func(name string) *bytes.Buffer {
		outputs[name] = &bytes.Buffer{}
		return outputs[name]
	}
	terminal := &bytes.Buffer{}
	live := NewLive(terminal, 80, console.Style{})
	plain, github := console.New(out("console.txt"), console.Style{}), NewGitHub(out("github.txt"))
	events := NewEvents(out("events.jsonl"))
	sink := event.Tee(plain, github, events, live)
	for _, e := range s.Events {
		sink.Emit(e)
	}
	live.Close()
	out("live.txt").Write(passing.ReplaceAll(terminal.Bytes(), nil))
	Annotations(outputs["github.txt"], s.Report)
	AnnotateFailure(outputs["github.txt"], "kindctl up", s.Err)
	Markdown(out("summary.md"), s)
	if err := errors.Join(events.Err(), JUnit(out("junit.xml"), s), WriteJSON(out("ending.json"), s)); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range outputs {
		golden.Check(t, "testdata/result/"+name, bytes.ReplaceAll(got.Bytes(), []byte(`hostname="`+host+`"`), []byte(`hostname="host"`)))
	}
}

func compiled(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join("..", "..", "docs", file))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemaAcceptsEvents(t *testing.T) {
	schema := compiled(t, "events.schema.json")
	file, err := os.Open("testdata/result/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); n++ {
		if err := schema.Validate(parsed(t, lines.Bytes())); err != nil {
			t.Errorf("line %d: %v", n+1, err)
		}
	}
	if n < 20 {
		t.Errorf("only %d lines were read", n)
	}
	for name, bad := range map[string]string{
		"no time":         `{"kind":"note","scope":"phase","id":"x"}`,
		"another kind":    `{"time":"2026-01-02T03:04:05Z","kind":"begun","scope":"phase","id":"x","title":"X"}`,
		"an end untitled": `{"time":"2026-01-02T03:04:05Z","kind":"done","scope":"phase","id":"x"}`,
		"another outcome": `{"time":"2026-01-02T03:04:05Z","kind":"done","scope":"check","id":"x","title":"X","outcome":"GREEN"}`,
	} {
		if schema.Validate(parsed(t, []byte(bad))) == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

func TestEventsSchemaKnowsEveryProperty(t *testing.T) {
	var schema struct{ Properties map[string]any }
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(properties[event.Event]())), slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("an event (-code +schema):\n%s", diff)
	}
}

// TestSchemaAcceptsEndings wants what a command leaves to be valid even when it
// never came to a verification.
func TestSchemaAcceptsEndings(t *testing.T) {
	schema := reportSchema(t)
	for name, s := range map[string]CommandResult{
		"failed checks":     recorded(t),
		"failed before":     {Command: "up", Started: time.Unix(0, 0), Err: hint.New(hint.Preflight, "DOCKER_SILENT", "Docker does not answer", "start it")},
		"an unforeseen end": {Command: "up", Started: time.Unix(0, 0), Err: errors.New("no one foresaw this")},
	} {
		var out bytes.Buffer
		if err := WriteJSON(&out, s); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed(t, out.Bytes())); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
		if !strings.Contains(out.String(), `"passed": false`) {
			t.Errorf("%s has passed:\n%s", name, out.String())
		}
	}
}

// TestEventsTellThatTheyCannotBeWritten wants the first error, and no more
// writes after it.
func TestEventsTellThatTheyCannotBeWritten(t *testing.T) {
	reader, writer := io.Pipe()
	gone := errors.New("the disk is full")
	reader.CloseWithError(gone)
	events := NewEvents(writer)
	if events.Err() != nil {
		t.Errorf("an error before anything was written: %v", events.Err())
	}
	events.Emit(event.Event{ID: "a"})
	if err := events.Err(); !errors.Is(err, gone) {
		t.Errorf("error is %v, want %v", err, gone)
	}
}

func TestAnnotateFailure(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{hint.New(hint.Creation, "X", "50% of it: broke,\r\nbadly", "mend: it"), "::error title=kindctl up%3A a%2Cb::50%25 of it: broke,%0D%0Abadly%0Ahint: mend: it\n"},
		{errors.New("no one foresaw this"), "::error title=kindctl up%3A a%2Cb::no one foresaw this\n"},
		{hint.New(hint.Internal, "VERIFICATION_INCONCLUSIVE", "the checks say it", ""), ""},
		{hint.New(hint.Verification, "CLUSTER_UNHEALTHY", "the checks say it", ""), ""},
		{context.Canceled, ""},
		{nil, ""},
	} {
		var out strings.Builder
		AnnotateFailure(&out, "kindctl up: a,b", tt.err)
		if out.String() != tt.want {
			t.Errorf("%v gives %q, want %q", tt.err, out.String(), tt.want)
		}
	}
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"a\n    ::error::b": "a\n    : :error::b", "::set-env name=x::y": ": :set-env name=x::y", "a ##[group]b": "a ## [group]b", "a::b": "a::b", "": "",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
