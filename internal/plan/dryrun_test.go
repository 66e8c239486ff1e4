package plan

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
)

// would makes a phase that writes down if it is run, and says what it would do.
func (d *diary) would(name string, changes ...string) Phase {
	phase := d.phase(name, nil)
	phase.Title, phase.DryRun = "Do "+name, func(context.Context) ([]string, error) { return changes, nil }
	return phase
}

func TestDryRun(t *testing.T) {
	d := &diary{}
	skipped := d.would("skipped", "never")
	skipped.Skip = func() string { return "there is none" }
	steps, err := DryRun(t.Context(), []Phase{d.phase("look", nil), d.would("make", "make a", "make b"), skipped, d.would("wait")}, event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := []Step{
		{Phase: "make", Title: "Do make", Changes: []string{"make a", "make b"}},
		{Phase: "skipped", Title: "Do skipped", Skipped: "there is none"},
		{Phase: "wait", Title: "Do wait"},
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"run look"}, d.lines); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

// TestDryRunEnds does so where the phases would: at the end of the work, at an
// error of one that looks, at an interrupt.
func TestDryRunEnds(t *testing.T) {
	broken := errors.New("broken")
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx   context.Context
		first error
		run   error
		want  error
		steps int
	}{
		"nothing left to do":    {t.Context(), ErrDone, nil, nil, 1},
		"what would be refused": {t.Context(), broken, nil, broken, 0},
		"a look that fails":     {t.Context(), nil, broken, broken, 0},
		"interrupted":           {interrupted, nil, nil, context.Canceled, 0},
		"nothing is in the way": {t.Context(), nil, nil, nil, 2},
	} {
		d := &diary{}
		first := d.would("first")
		first.DryRun = func(context.Context) ([]string, error) { return nil, tt.first }
		look := d.phase("look", func(context.Context) error { return tt.run })
		steps, err := DryRun(tt.ctx, []Phase{look, first, d.would("second")}, event.Discard)
		if !errors.Is(err, tt.want) || len(steps) != tt.steps {
			t.Errorf("%s: error %v and %d steps, want %v and %d", name, err, len(steps), tt.want, tt.steps)
		}
	}
}
