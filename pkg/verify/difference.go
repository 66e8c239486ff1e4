package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Difference is a way in which a cluster is not as it was asked for, because
// someone has changed it. It is no fault: it can be accepted or undone.
type Difference struct {
	// ID names the check and what differs: "node.taint/missing".
	ID string `json:"id"`
	// Cause says what is different.
	Cause string `json:"cause"`
	// Undo is a command that makes the cluster what was asked for again.
	Undo string `json:"undo,omitempty"`
	// Accepted says that the cluster's record holds the ID.
	Accepted bool `json:"accepted"`

	prevents bool
}

// Differs marks an error that is a difference from what was asked for, and no
// fault: the verdict is Warn, or Pass once the difference is accepted. The key
// names what differs within the check, and stays the same from run to run; undo
// is a command. The error is final.
func Differs(key, undo string, err error) error {
	return Around(err, func(err error) error { return differsError{key, undo, false, err} })
}

// Prevents is Differs for what keeps other checks from seeing anything: those that
// need this one are skipped, also when the difference is accepted.
func Prevents(key, undo string, err error) error {
	return Around(err, func(err error) error { return differsError{key, undo, true, err} })
}

type differsError struct {
	key, undo string
	prevents  bool
	error
}

func (e differsError) Unwrap() error { return e.error }

// IsDifference reports whether an error consists of nothing but differences.
func IsDifference(err error) bool {
	return throughout(err, func(err error) bool {
		_, is := errors.AsType[differsError](err)
		return is
	})
}

// differences are those in an error that a check has ended with, each ID once.
func differences(check string, err error, accepted []Difference) (found []Difference) {
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // the tree is walked here
		case differsError:
			d := Difference{ID: check + "/" + e.key, Cause: e.Error(), Undo: e.undo, prevents: e.prevents}
			d.Accepted = slices.ContainsFunc(accepted, func(a Difference) bool { return a.ID == d.ID })
			if !slices.ContainsFunc(found, func(f Difference) bool { return f.ID == d.ID }) {
				found = append(found, d)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	walk(err)
	return found
}

// open are the differences that no one has accepted.
func open(differences []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(differences), func(d Difference) bool { return d.Accepted })
}

// reportDifferences turns a verdict that consists of differences into its outcome: Pass when
// all of them are accepted, else Warn, with the commands to accept and to undo.
func (r *run) reportDifferences(result *Result, cause error) {
	result.Differences = differences(result.ID, cause, r.target.Expect.Accepted)
	left := open(result.Differences)
	if len(left) == 0 {
		for _, d := range result.Differences {
			result.Evidence = append(result.Evidence, "accepted "+d.ID+": "+d.Cause)
		}
		result.Outcome, result.Cause = Pass, ""
		return
	}
	var ids, undo []string
	for _, d := range left {
		ids = append(ids, d.ID)
		if d.Undo != "" && !slices.Contains(undo, d.Undo) {
			undo = append(undo, d.Undo)
		}
	}
	result.Outcome, result.Cause = Warn, "differs from what was asked for: "+cause.Error()
	result.Hint = "accept it: kindctl accept " + strings.Join(append(slices.Clone(r.target.Flags), ids...), " ")
	if len(undo) > 0 {
		result.Hint += fmt.Sprintf("; or undo it: %s", strings.Join(undo, "; "))
	}
}
