package lab

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/lab/hosts"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// machine stands in for a node and for the cluster: what scripts would do to it is a word that
// they leave, and what verify scripts look for are such words.
type machine struct {
	t *testing.T
	// scripts are those that were written into it, by path, and ran are those that were run.
	scripts map[string]string
	ran     []string
	// words are the state of the cluster, and saved what it was at snapshots.
	words []string
	saved map[string][]string
	// exits are the exit codes of background scripts that have ended, by page.
	exits map[string]string
	// full fails to save.
	full bool
}

func newMachine(t *testing.T) *machine {
	return &machine{t: t, scripts: map[string]string{}, saved: map[string][]string{}, exits: map[string]string{}}
}

func (m *machine) Stream(_ context.Context, in io.Reader, out io.Writer, command ...string) (int, error) {
	if command[0] == "tar" {
		archive := tar.NewReader(in)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				return 0, nil
			}
			content, err2 := io.ReadAll(archive)
			if err := errors.Join(err, err2); err != nil {
				return 0, err
			}
			m.scripts["/"+header.Name] = string(content)
		}
	}
	if command[0] != "timeout" {
		m.t.Errorf("streamed %q", command)
	}
	script := m.scripts[command[len(command)-1]]
	m.ran = append(m.ran, strings.TrimSpace(script))
	verb, word, _ := strings.Cut(strings.TrimSpace(script), " ")
	switch verb {
	case "add":
		m.words = append(m.words, word)
		return 0, nil
	case "has":
		if slices.Contains(m.words, word) {
			return 0, nil
		}
		_, _ = io.WriteString(out, "no "+word+"\n")
		return 1, nil
	case "hang":
		patience, err := time.ParseDuration(command[2] + "s")
		time.Sleep(patience)
		return timedOut, err
	case "break":
		return 0, errors.New("the node is gone")
	}
	return 1, nil
}

func (m *machine) Exec(_ context.Context, command ...string) (string, int, error) {
	all := strings.Join(command, " ")
	switch {
	case strings.Contains(all, "setsid"):
		m.ran = append(m.ran, "background "+strings.TrimSpace(m.scripts[command[len(command)-1]]))
	case strings.Contains(all, "echo exit="):
		for page, code := range m.exits {
			if strings.Contains(all, "/"+page+".exit") {
				return "exit=" + code + "\nthe last line", 0, nil
			}
		}
		return "exit=\nstill running", 0, nil
	}
	return "", 0, nil
}

func (m *machine) Save(_ context.Context, name string) error {
	if m.full {
		return errors.New("the disk is full")
	}
	m.saved[name] = slices.Clone(m.words)
	return nil
}

func (m *machine) Reset(_ context.Context, name string) error {
	words, has := m.saved[name]
	if !has {
		return errors.New("there is no " + name)
	}
	m.words = slices.Clone(words)
	return nil
}

// begin begins a lab that has files, of which index.json lacks its end.
func begin(t *testing.T, files map[string]string) (*Session, *machine) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lab, problems := format.Read(os.DirFS(dir))
	if errors := format.Errors(problems); len(errors) > 0 {
		t.Fatal(errors)
	}
	m := newMachine(t)
	s := &Session{
		Lab: lab, State: &State{Cluster: "lab-x", Language: format.English, Key: "key"}, Keep: func(State) error { return nil }, Cluster: m,
		Hosts: []hosts.Host{{Name: format.ControlPlane, Address: "10.0.0.2", Node: m}}, Out: io.Discard, Sink: event.Discard,
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, m
}

// two is a lab of two steps.
func two() map[string]string {
	return map[string]string{
		"index.json": `{"title": "Two", "backend": {"imageid": "kubernetes-kubeadm-1node"}, "details": {
			"intro": {"text": "text.md", "background": "intro.sh"},
			"steps": [
				{"text": "text.md", "verify": "one.sh", "background": "noise.sh", "kindctl": {"points": 5, "solution": "solve-one.sh",
				 "hints": [{"text": "hint.md", "cost": 1}, {"text": "hint.md", "cost": 3}], "wrong": [{"title": "two", "script": "solve-two.sh"}]}},
				{"text": "text.md", "verify": "two.sh", "foreground": "begin.sh", "kindctl": {"points": 2, "solution": "solve-two.sh"}}]}}`,
		"text.md": "Text.\n<details><summary>Tip</summary>Try.</details>\n", "hint.md": "Hint.\n", "intro.sh": "traffic", "noise.sh": "noise",
		"one.sh": "has one", "two.sh": "has two", "solve-one.sh": "add one", "solve-two.sh": "add two", "begin.sh": "add begun",
	}
}

func TestSession(t *testing.T) {
	s, m := begin(t, two())
	if want := []string{"background traffic", "background noise"}; !slices.Equal(m.ran, want) || s.State.Current != 1 {
		t.Errorf("the beginning ran %q, and step %d has begun", m.ran, s.State.Current)
	}
	m.exits["step1"] = "3"
	found, err := s.Check(t.Context(), 0)
	if err != nil || found.Passed || found.Output != "no one" || len(found.Backgrounds) != 1 || found.Backgrounds[0].Code != 3 {
		t.Errorf("before the solution: %+v, %v", found, err)
	}
	if _, err := s.Check(t.Context(), 2); hint.ReasonOf(err) != hint.LabStep.Name {
		t.Errorf("a step that has not begun: %v", err)
	}
	given, err := s.Hint()
	if err != nil || given.Number != 1 || given.Of != 2 || given.Cost != 1 || given.Text != "Hint.\n" {
		t.Errorf("the hint is %+v, %v", given, err)
	}
	m.words = []string{"one"}
	if found, err = s.Check(t.Context(), 0); err != nil || !found.Passed || !found.Began || s.State.Current != 2 {
		t.Errorf("after the step: %+v, %v, and step %d has begun", found, err, s.State.Current)
	}
	if points := s.State.Points(); points != 4 {
		t.Errorf("there are %d points", points)
	}
	if got := s.State.Steps[1].Running; !slices.Equal(got, []string{"intro"}) {
		t.Errorf("saved with %q running", got)
	}

	if step, err := s.Solve(t.Context()); err != nil || step != 2 || !slices.Contains(m.words, "two") {
		t.Errorf("step %d is solved: %v, %q", step, err, m.words)
	}
	m.ran = nil
	if step, err := s.Reset(t.Context(), 0); err != nil || step != 2 || slices.Contains(m.words, "two") {
		t.Errorf("step %d is reset: %v, %q", step, err, m.words)
	}
	if want := []string{"background traffic", "add begun"}; !slices.Equal(m.ran, want) {
		t.Errorf("the reset ran %q, want %q", m.ran, want)
	}
	m.words = append(m.words, "two")
	if found, err = s.Check(t.Context(), 0); err != nil || !found.Passed || !s.State.Finished() {
		t.Errorf("at the end: %+v, %v", found, err)
	}
	if points := s.State.Points(); points != 4 {
		t.Errorf("a solved step has points: %d", points)
	}
	if _, err := s.Check(t.Context(), 0); hint.ReasonOf(err) != hint.LabFinished.Name {
		t.Errorf("a check of a finished lab: %v", err)
	}
	if step, err := s.Reset(t.Context(), 1); err != nil || step != 1 || s.State.Passed() != 0 || len(m.words) != 0 {
		t.Errorf("back at step %d: %v, %+v, %q", step, err, s.State, m.words)
	}
}

// TestUnsaved passes a step after which the cluster cannot be saved.
func TestUnsaved(t *testing.T) {
	s, m := begin(t, two())
	m.words, m.full = []string{"one"}, true
	if found, err := s.Check(t.Context(), 0); err != nil || !found.Passed || s.State.Current != 2 {
		t.Errorf("%+v, %v, and step %d has begun", found, err, s.State.Current)
	}
	if _, err := s.Reset(t.Context(), 0); hint.ReasonOf(err) != hint.LabStep.Name {
		t.Errorf("a reset to what is not saved: %v", err)
	}
	if step, err := s.Reset(t.Context(), 1); err != nil || step != 1 || len(m.words) != 0 {
		t.Errorf("back at step %d: %v, %q", step, err, m.words)
	}
}

func TestHints(t *testing.T) {
	s, m := begin(t, two())
	m.words = []string{"one", "two"}
	if _, err := s.Check(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	given, err := s.Hint()
	if err != nil || given.Text != "**Tip**\n\nTry." || given.Cost != 0 {
		t.Errorf("the hint is %+v, %v", given, err)
	}
	if _, err := s.Hint(); hint.ReasonOf(err) != hint.LabNoHint.Name || !strings.Contains(hint.AdviceOf(err), "solve") {
		t.Errorf("after the last hint: %v", err)
	}
}

func TestCheckThatHangs(t *testing.T) {
	files := two()
	files["one.sh"] = "hang"
	files["index.json"] = strings.Replace(files["index.json"], `"points": 5`, `"points": 5, "timeout": "10ms"`, 1)
	s, _ := begin(t, files)
	if found, err := s.Check(t.Context(), 0); err != nil || found.Passed || !found.Late {
		t.Errorf("a verify script that hangs: %+v, %v", found, err)
	}
	files["one.sh"] = "break"
	s, _ = begin(t, files)
	if _, err := s.Check(t.Context(), 0); hint.ReasonOf(err) != hint.LabScriptFailed.Name {
		t.Errorf("a node that is gone: %v", err)
	}
}

// outcomes are those of a trial, by ID.
func outcomes(t *testing.T, files map[string]string, exits map[string]string) string {
	t.Helper()
	s, m := begin(t, files)
	m.exits = exits
	results, err := s.Trial(t.Context(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, one := range results {
		text := one.ID + " " + string(one.Outcome)
		if one.Outcome != verify.Pass {
			text += " (" + one.Cause + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

func TestTrial(t *testing.T) {
	const passed = "step1.before PASS\nstep1.wrong1 PASS\nstep1.solution PASS\nstep1.background PASS\nstep2.before PASS\nstep2.solution PASS"
	if got := outcomes(t, two(), map[string]string{"step1": "0"}); got != passed {
		t.Errorf("a good lab:\n%s", got)
	}
	for _, test := range []struct {
		name, file, content string
		want                []string
	}{
		{"verify passes always", "one.sh", "add nothing", []string{"step1.before FAIL (the verify script passes at the beginning of the step)", "step1.wrong1 FAIL (the verify script passes after it)"}},
		{"wrong answer is right", "solve-two.sh", "add one", []string{"step1.wrong1 FAIL", "step2.solution FAIL (the verify script does not pass: no two)"}},
		{"wrong answer fails", "solve-two.sh", "fail", []string{"step1.wrong1 FAIL (solve-two.sh failed with exit code 1)", "step2.solution FAIL (solve-two.sh failed"}},
		{"solution does not help", "solve-one.sh", "add other", []string{"step1.solution FAIL (the verify script does not pass: no one)", "step2 SKIP (a step before it was not solved)"}},
	} {
		files := two()
		files[test.file] = test.content
		got := outcomes(t, files, nil)
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s:\n%s\nwant %s", test.name, got, want)
			}
		}
	}
	if got := outcomes(t, two(), map[string]string{"step1": "7"}); !strings.Contains(got, "step1.background FAIL (noise.sh failed with exit code 7: the last line)") {
		t.Errorf("a background script that fails:\n%s", got)
	}
	files := two()
	files["index.json"] = strings.ReplaceAll(files["index.json"], `"solution": "solve-one.sh",`, "")
	if got := outcomes(t, files, nil); !strings.Contains(got, "step1.solution FAIL (the step has a verify script and no solution)") {
		t.Errorf("without a solution:\n%s", got)
	}
}
