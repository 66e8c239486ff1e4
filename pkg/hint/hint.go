// Package hint gives errors what a person needs: what went wrong, what to do
// next, a stable reason for machines, and the exit code of the process.
package hint

import (
	"context"
	"errors"
	"fmt"
)

// Code is the exit code of the process. The values are part of the command
// line interface and never change.
type Code int

// The exit codes.
const (
	OK           Code = 0
	Internal     Code = 1   // an error no one foresaw
	Usage        Code = 2   // flags, arguments or configuration
	Preflight    Code = 3   // the host cannot do what was asked
	Creation     Code = 4   // the cluster could not be made
	Verification Code = 5   // at least one check failed
	Timeout      Code = 6   // a deadline passed
	NotFound     Code = 7   // no such cluster, context or file
	Interrupted  Code = 130 // SIGINT, SIGTERM or SIGHUP

	// OfCommand stands for the exit code of the command that "kindctl run" runs, or of a shell.
	OfCommand Code = -1
)

// Error is an error with advice.
type Error struct {
	Code    Code
	Reason  string // stable, upper case, such as "CNI_NOT_READY"
	Message string // what went wrong
	Advice  string // what to do next
	Err     error  // the cause, or nil
}

// New makes an Error without a cause, for a reason that is not in the catalog,
// such as that of another program.
func New(code Code, reason, message, advice string) *Error {
	return &Error{Code: code, Reason: reason, Message: message, Advice: advice}
}

// Wrap makes an Error around a cause, for a reason that is not in the catalog.
func Wrap(err error, code Code, reason, message, advice string) *Error {
	return &Error{Code: code, Reason: reason, Message: message, Advice: advice, Err: err}
}

// Keep makes an Error around another one with its exit code, reason and advice.
func Keep(err error, message string) *Error {
	return Wrap(err, CodeOf(err), ReasonOf(err), message, AdviceOf(err))
}

// Error returns the message and its cause; the advice is for the reporter.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the exit code for err: that of the outermost Error in its
// chain, else Interrupted or Timeout for a context's error, else Internal.
// An interrupted context wins over everything, because what failed after it
// failed because of it.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}

// AdviceOf returns the advice of the outermost Error in err's chain, if any.
func AdviceOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Advice
	}
	return ""
}

// ReasonOf returns the stable reason of the outermost Error in err's chain, if any.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
