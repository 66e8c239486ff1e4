package plan

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// diary makes phases that write down what is done with them.
type diary struct {
	lines []string
}

func (d *diary) phase(name string, run func(context.Context) error) Phase {
	return Phase{
		Name: name,
		Run: func(ctx context.Context, _ *event.Span) (string, error) {
			d.lines = append(d.lines, "run "+name)
			if run == nil {
				return "", nil
			}
			return "", run(ctx)
		},
		Undo: func(ctx context.Context) error {
			d.lines = append(d.lines, "undo "+name)
			return ctx.Err()
		},
	}
}

func TestRun(t *testing.T) {
	broken := hint.New(hint.Creation, "BROKEN", "broken", "mend it")
	fail := func(context.Context) error { return broken }
	tests := []struct {
		name    string
		retain  bool
		failing string // the phase that fails
		with    func(context.Context) error
		want    []string
		code    hint.Code
	}{
		{name: "all well", want: []string{"run a", "run b", "run c"}},
		{name: "the first fails", failing: "a", with: fail, want: []string{"run a", "undo a"}, code: hint.Creation},
		{name: "the last fails", failing: "c", with: fail, want: []string{"run a", "run b", "run c", "undo c", "undo b", "undo a"}, code: hint.Creation},
		{name: "kept for a look", retain: true, failing: "b", with: fail, want: []string{"run a", "run b"}, code: hint.Creation},
		{name: "ended early and well", failing: "b", with: func(context.Context) error { return ErrDone }, want: []string{"run a", "run b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &diary{}
			var phases []Phase
			for _, name := range []string{"a", "b", "c"} {
				var run func(context.Context) error
				if name == tt.failing {
					run = tt.with
				}
				phases = append(phases, d.phase(name, run))
			}
			err := Run(t.Context(), phases, Options{Sink: event.Discard, Retain: tt.retain, UndoTimeout: time.Minute})
			if hint.CodeOf(err) != tt.code {
				t.Errorf("error is %v, want exit code %d", err, tt.code)
			}
			if diff := cmp.Diff(tt.want, d.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}

// TestInterrupt ends the context in every phase and wants each phase that began to be
// undone, with a context that is alive.
func TestInterrupt(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for stop, at := range names {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := &diary{}
			var phases []Phase
			for _, name := range names {
				phases = append(phases, d.phase(name, func(ctx context.Context) error {
					if name == at {
						cancel()
						return errors.New("a connection was closed") // what follows from the interrupt
					}
					return nil
				}))
			}
			err := Run(ctx, phases, Options{Sink: event.Discard, UndoTimeout: time.Minute})
			if hint.CodeOf(err) != hint.Interrupted {
				t.Errorf("error is %v, want an interrupt and nothing that failed to undo", err)
			}
			var want []string
			for _, name := range names[:stop+1] {
				want = append(want, "run "+name)
			}
			for _, name := range slices.Backward(names[:stop+1]) {
				want = append(want, "undo "+name)
			}
			if diff := cmp.Diff(want, d.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryPhaseTellsItsStory(t *testing.T) {
	recorder := &event.Recorder{}
	d := &diary{}
	skipped := d.phase("skipped", nil)
	skipped.Skip = func() string { return "nothing to do" }
	failing := d.phase("failing", func(context.Context) error { return hint.New(hint.Creation, "X", "it broke", "mend it") })
	if err := Run(t.Context(), []Phase{d.phase("first", nil), skipped, failing}, Options{Sink: recorder, Retainable: true, UndoTimeout: time.Minute}); err == nil {
		t.Fatal("a failing phase gave no error")
	}
	var got []string
	for _, e := range recorder.Events() {
		got = append(got, strings.TrimSpace(strings.Join([]string{e.ID, string(e.Kind), e.Message, e.Hint}, " ")))
	}
	want := []string{"first started", "first done", "skipped started", "skipped skipped nothing to do", "failing started", "failing failed it broke mend it",
		"undo-failing started", "undo-failing done use --retain to keep it for debugging", "undo-first started", "undo-first done use --retain to keep it for debugging"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestWhatCannotBeUndoneIsTold wants the first error's code and the rest undone.
func TestWhatCannotBeUndoneIsTold(t *testing.T) {
	recorder := &event.Recorder{}
	d := &diary{}
	stuck := d.phase("stuck", nil)
	stuck.Undo = func(context.Context) error {
		return hint.New(hint.Creation, "REMOVE_FAILED", "a container is stuck", "kindctl down")
	}
	failing := d.phase("failing", func(context.Context) error { return hint.New(hint.Verification, "X", "it broke", "mend it") })
	err := Run(t.Context(), []Phase{d.phase("first", nil), stuck, failing}, Options{Sink: recorder, Retainable: true, UndoTimeout: time.Minute})
	if hint.CodeOf(err) != hint.Verification || hint.AdviceOf(err) != "mend it" || !strings.Contains(err.Error(), "undo stuck: a container is stuck") {
		t.Errorf("error is %v (advice %q)", err, hint.AdviceOf(err))
	}
	if diff := cmp.Diff([]string{"run first", "run stuck", "run failing", "undo failing", "undo first"}, d.lines); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	for _, e := range recorder.Events() {
		if e.ID == "undo-stuck" && e.Kind == event.Failed && e.Hint == "kindctl down" {
			return
		}
	}
	t.Error("no event says what could not be removed, with its hint")
}

func TestNothingBeforeAFinalPhaseIsUndone(t *testing.T) {
	for failing, want := range map[string][]string{
		"b": {"run a", "run b", "undo b", "undo a"},
		"c": {"run a", "run b", "run c", "undo c"},
		"d": {"run a", "run b", "run c", "run d", "undo d", "undo c"},
	} {
		d := &diary{}
		var phases []Phase
		for _, name := range []string{"a", "b", "c", "d"} {
			phase := d.phase(name, func(context.Context) error {
				if name == failing {
					return errors.New("broken")
				}
				return nil
			})
			phase.Final = name == "c"
			phases = append(phases, phase)
		}
		if err := Run(t.Context(), phases, Options{Sink: event.Discard, UndoTimeout: time.Minute}); err == nil {
			t.Error("there is no error")
		}
		if diff := cmp.Diff(want, d.lines); diff != "" {
			t.Errorf("%s fails (-want +got):\n%s", failing, diff)
		}
	}
}

// TestInterruptBeforeAPhase wants what has not begun to be left alone.
func TestInterruptBeforeAPhase(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &diary{}
	first := d.phase("first", func(context.Context) error { cancel(); return nil })
	err := Run(ctx, []Phase{first, d.phase("second", nil)}, Options{Sink: event.Discard, UndoTimeout: time.Minute})
	if hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("error is %v, want an interrupt", err)
	}
	if diff := cmp.Diff([]string{"run first", "undo first"}, d.lines); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

// TestExamine wants a look at what failed before any of it is undone, and none
// after an interrupt, when everything is to go at once.
func TestExamine(t *testing.T) {
	for name, interrupted := range map[string]bool{"failed": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := &diary{}
			failing := d.phase("failing", func(context.Context) error {
				if interrupted {
					cancel()
				}
				return errors.New("it broke")
			})
			err := Run(ctx, []Phase{d.phase("first", nil), failing}, Options{Sink: event.Discard, UndoTimeout: time.Minute,
				Examine: func(_ context.Context, err error) { d.lines = append(d.lines, "examine: "+err.Error()) }})
			if err == nil {
				t.Fatal("a failing phase gave no error")
			}
			want := []string{"run first", "run failing", "examine: it broke", "undo failing", "undo first"}
			if interrupted {
				want = slices.Delete(want, 2, 3)
			}
			if diff := cmp.Diff(want, d.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}
