package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestDifferences(t *testing.T) {
	one := Differs("one", "put it back", OnNode("cp1", errors.New("one is gone")))
	two := Differs("two", "put it back too", errors.New("two is gone"))
	fault := errors.New("broken")
	all := func(errs ...error) error {
		_, err := Evaluated(nil, fmt.Errorf("seen: %w", errors.Join(errs...)))
		return err
	}
	tests := map[string]struct {
		err      error
		accepted []string
		outcome  Outcome
		ids      []string // of the differences
		hint     []string
	}{
		"one":                {one, nil, Warn, []string{"x.y/one"}, []string{"kindctl accept -n lab x.y/one; or undo it: put it back"}},
		"two":                {all(one, two), nil, Warn, []string{"x.y/one", "x.y/two"}, []string{"accept -n lab x.y/one x.y/two", "put it back; put it back too"}},
		"one is accepted":    {all(one, two), []string{"x.y/one"}, Warn, []string{"x.y/one", "x.y/two"}, []string{"kindctl accept -n lab x.y/two; or"}},
		"all are accepted":   {all(one, two), []string{"x.y/two", "x.y/one"}, Pass, []string{"x.y/one", "x.y/two"}, nil},
		"another's":          {one, []string{"a.b/one"}, Warn, []string{"x.y/one"}, nil},
		"beside a fault":     {Final(all(one, fault)), []string{"x.y/one"}, Fail, nil, []string{"look"}},
		"a fault that wraps": {Final(fmt.Errorf("%w; %w", fault, two)), nil, Fail, nil, []string{"look"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := &Target{Flags: []string{"-n", "lab"}}
			for _, id := range test.accepted {
				target.Expect.Accepted = append(target.Expect.Accepted, Difference{ID: id})
			}
			run := func(context.Context, *Target) (Evidence, error) { return nil, test.err }
			report := Run(t.Context(), target, []Check{{ID: "x.y", Hint: "look", Run: run}}, RunOptions{})
			result := report.Results[0]
			var ids []string
			for _, d := range result.Differences {
				ids = append(ids, d.ID)
				if want := slices.Contains(test.accepted, d.ID); d.Accepted != want || d.Undo == "" || d.Cause == "" {
					t.Errorf("%+v, accepted %v", d, want)
				}
			}
			if result.Outcome != test.outcome || result.Attempts != 1 || report.Passed() != (test.outcome != Fail) {
				t.Errorf("%s after %d attempts, passed %v; want %s", result.Outcome, result.Attempts, report.Passed(), test.outcome)
			}
			if diff := cmp.Diff(test.ids, ids); diff != "" {
				t.Error(diff)
			}
			for _, words := range test.hint {
				if !strings.Contains(result.Hint, words) {
					t.Errorf("hint %q, want %q", result.Hint, words)
				}
			}
			if (result.Outcome == Pass) != (result.Cause == "") {
				t.Errorf("cause %q", result.Cause)
			}
		})
	}
}

func TestChangeAccepted(t *testing.T) {
	client := fakeTarget(threeNodes, verifytest.Pods{}).Kube
	add := func(id string) func([]Difference) []Difference {
		return func(before []Difference) []Difference { return append(before, Difference{ID: id, Accepted: true}) }
	}
	for _, id := range []string{"b.b/x", "a.a/x"} {
		if err := ChangeAccepted(t.Context(), client, add(id)); err != nil {
			t.Fatal(err)
		}
	}
	accepted, err := Accepted(t.Context(), client)
	if err != nil || len(accepted) != 2 || accepted[0].ID != "a.a/x" {
		t.Errorf("%+v, %v", accepted, err)
	}
	if err := ChangeAccepted(t.Context(), client, func([]Difference) []Difference { return nil }); err != nil {
		t.Fatal(err)
	}
	if accepted, err = Accepted(t.Context(), client); err != nil || len(accepted) != 0 {
		t.Errorf("%+v, %v", accepted, err)
	}
}
