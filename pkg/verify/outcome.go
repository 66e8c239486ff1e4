package verify

import (
	"errors"
	"slices"
	"time"
)

// Outcome is the verdict on one check.
type Outcome string

// The outcomes. Only Fail makes a report fail; Error makes it inconclusive.
const (
	Pass    Outcome = "PASS"
	Fail    Outcome = "FAIL"
	Warn    Outcome = "WARN"    // an advisory check failed
	Skip    Outcome = "SKIP"    // cannot apply here, with the reason
	Blocked Outcome = "BLOCKED" // something it needs did not pass
	Error   Outcome = "ERROR"   // inconclusive: the check could not observe what it is about
)

// Result is the verdict on one check and how it came about.
type Result struct {
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Group   string  `json:"group"`
	Outcome Outcome `json:"outcome"`
	Cause   string  `json:"cause,omitempty"` // the last real cause, or the reason of a skip
	// BlockedBy is the ID of the check that is needed and did not pass, when Blocked.
	BlockedBy string   `json:"blockedBy,omitempty"`
	Hint      string   `json:"hint,omitempty"` // set unless the check passed
	Evidence  Evidence `json:"evidence,omitempty"`
	// Nodes are the verdicts on single nodes, sorted by name; none when the check
	// is about the whole cluster, did not run, or failed for all nodes alike.
	Nodes []NodeResult `json:"nodes,omitempty"`
	// Differences are the ways in which the cluster is not what was asked for; when
	// all of them are accepted, the check has passed.
	Differences []Difference  `json:"differences,omitempty"`
	Attempts    int           `json:"attempts"`
	Started     time.Time     `json:"started,omitzero"` // zero when it did not run
	Duration    time.Duration `json:"durationNanoseconds"`
}

// Final marks an error that another attempt cannot change.
func Final(err error) error { return finalError{err} }

type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// Unobservable marks an error that kept a check from observing its subject: the
// verdict is Error, never Fail. Requests that the API server refuses to this
// user, or by admission, are unobservable, and final, without being marked.
func Unobservable(err error) error {
	return Around(err, func(err error) error { return unobservableError{err} })
}

type unobservableError struct{ error }

func (e unobservableError) Unwrap() error { return e.error }

// Warning marks an error that is a flaw and no failure: the verdict is Warn. It
// is final.
func Warning(err error) error {
	return Around(err, func(err error) error { return warningError{err} })
}

type warningError struct{ error }

func (e warningError) Unwrap() error { return e.error }

// Inapplicable says that the check cannot apply to what it found, and why: the
// verdict is Skip. It is for what only a look at the cluster can show; what the
// Expectation says belongs into Check.Skip.
func Inapplicable(reason string) error { return inapplicableError(reason) }

type inapplicableError string

func (e inapplicableError) Error() string { return string(e) }

// IsWarning reports whether a flaw is all that there is: joined with a Final
// error, it does not make that one smaller.
func IsWarning(err error) bool {
	_, warns := errors.AsType[warningError](err)
	_, fails := errors.AsType[finalError](err)
	return warns && !fails
}

// IsInapplicable reports whether an error says that a check cannot apply.
func IsInapplicable(err error) bool {
	_, is := errors.AsType[inapplicableError](err)
	return is
}

// IsFinal reports whether another attempt cannot change an error.
func IsFinal(err error) bool {
	_, fails := errors.AsType[finalError](err)
	return fails || IsWarning(err) || IsDifference(err) || IsInapplicable(err) || throughout(err, refused)
}

// IsUnobservable reports whether an error consists of nothing but what kept a check
// from observing its subject.
func IsUnobservable(err error) bool {
	return throughout(err, func(err error) bool {
		_, is := errors.AsType[unobservableError](err)
		return is || refused(err)
	})
}

// throughout reports whether each of the errors that are joined in one is of a kind:
// what could not be observed on one node hides no fault that was seen on another.
func throughout(err error, kind func(error) bool) bool {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case interface{ Unwrap() []error }:
		parts := slices.DeleteFunc(slices.Clone(e.Unwrap()), onlyEnded)
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part error) bool { return !throughout(part, kind) })
	case unobservableError, differsError:
		return kind(err) // whatever it marks
	case interface{ Unwrap() error }:
		return throughout(e.Unwrap(), kind)
	}
	return err != nil && kind(err)
}
