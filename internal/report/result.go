package report

import (
	"io"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// CommandResult is how a command went, for reports.
type CommandResult struct {
	// Command is what ran, such as "up".
	Command string
	// Started is when the command began.
	Started time.Time
	// Events are what happened, in order.
	Events []event.Event
	// Report is the verdict, which names the cluster; it has no results when
	// nothing was verified.
	Report verify.Report
	// Err is what the command ends with.
	Err error
}

// step is a phase that ended.
type step struct {
	id, title, message, hint string
	kind                     event.Kind
	took                     time.Duration
}

// steps are the phases that ended, in order.
func (s CommandResult) steps() (steps []step) {
	for _, e := range s.Events {
		if e.Scope != event.Phase {
			continue
		}
		switch e.Kind {
		case event.Done, event.Failed, event.Skipped:
			steps = append(steps, step{e.ID, e.Title, e.Message, e.Hint, e.Kind, e.Elapsed})
		}
	}
	return steps
}

// verified reports whether a step is the verification, which the results show
// better.
func (s CommandResult) verified(of step) bool {
	return of.id == "verify" && len(s.Report.Results) > 0
}

// errorInfo is the error with which a command ended, for machines.
type errorInfo struct {
	// Code is the exit code of the process.
	Code    int    `json:"code"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// errorInfoOf describes an error; nil is none.
func errorInfoOf(err error) *errorInfo {
	if err == nil {
		return nil
	}
	return &errorInfo{int(hint.CodeOf(err)), hint.ReasonOf(err), err.Error(), hint.AdviceOf(err)}
}

// WriteJSON writes how a command ended for machines: the report that Verdict
// writes, with the command's error if there is one.
func WriteJSON(out io.Writer, s CommandResult) error {
	r := s.Report
	if r.Results == nil {
		r.Results = []verify.Result{}
	}
	if r.Started.IsZero() {
		r.Started = s.Started
	}
	document := r.Document()
	document.Passed = document.Passed && s.Err == nil
	return JSON(out, struct {
		verify.Document
		Error *errorInfo `json:"error,omitempty"`
	}{document, errorInfoOf(s.Err)})
}
