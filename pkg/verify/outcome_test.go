package verify

import (
	"context"
	"errors"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestUnobservable: what could not be observed on one node hides no fault on
// another, and what is refused everywhere is not asked for again.
func TestUnobservable(t *testing.T) {
	fault := errors.New("w1: no rules")
	refusal := OnNode("w2", apierrors.NewForbidden(schema.GroupResource{Resource: "pods/exec"}, "a", nil))
	unseen := Unobservable(errors.New("w2: 502"))
	late := OnNode("w3", fmt.Errorf("ask: %w", context.DeadlineExceeded))
	tests := map[string]struct {
		err               error
		unobserved, final bool
	}{
		"a fault":               {fault, false, false},
		"refused":               {refusal, true, true},
		"refused on all":        {errors.Join(refusal, refusal), true, true},
		"refused beside":        {errors.Join(fault, refusal), false, false},
		"unseen":                {fmt.Errorf("look: %w", unseen), true, false},
		"unseen and refused":    {errors.Join(unseen, fmt.Errorf("look: %w", errors.Join(refusal))), true, false},
		"unseen beside":         {errors.Join(unseen, fault), false, false},
		"marked, and a refusal": {Unobservable(refusal), true, true},
		"unseen and too late":   {errors.Join(unseen, errors.Join(late)), true, false},
		"a fault and too late":  {errors.Join(unseen, errors.Join(fault, late)), false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if IsUnobservable(test.err) != test.unobserved || IsFinal(test.err) != test.final {
				t.Errorf("unobservable %v, final %v", IsUnobservable(test.err), IsFinal(test.err))
			}
		})
	}
}

// TestDifferenceHidesNoFault: a fault that was seen on one node stays one where another
// node did not answer in time.
func TestDifferenceHidesNoFault(t *testing.T) {
	differs := Differs("mode", "undo it", errors.New("another mode is configured"))
	late := OnNode("w2", fmt.Errorf("ask: %w", context.DeadlineExceeded))
	fault := OnNode("w1", errors.New("another mode runs"))
	if !IsDifference(errors.Join(differs, errors.Join(late))) {
		t.Error("a difference and a node that did not answer are no difference")
	}
	for _, err := range []error{errors.Join(fault, late), fmt.Errorf("nodes: %w", errors.Join(fault, late))} {
		if err := errors.Join(differs, err); IsDifference(err) {
			t.Errorf("a fault passes for a difference: %v", err)
		}
	}
}
