package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// ephemeralRun is a command with a cluster of its own: the cluster is created, the
// command runs, the cluster is removed, whatever happens in between.
type ephemeralRun struct {
	forwarder *signalForwarder
	// up creates the cluster and reports whether it must be removed; one that fails
	// takes back what it did.
	up func(context.Context) (created bool, err error)
	// command returns the command, once the cluster is there.
	command func() *exec.Cmd
	// examine looks at a cluster in which the command failed and returns what to
	// do next. It is not called after a signal: then everything has to go at once.
	examine func(context.Context, error) (advice string)
	// remove removes the cluster.
	remove func(context.Context) error
}

// removeTimeout bounds the removal of the cluster, which no signal ends.
const removeTimeout = 2 * time.Minute

// run does the ephemeralRun. When the command fails, the error has its exit code.
func (e ephemeralRun) run(ctx context.Context) (err error) {
	ctx, stop := e.forwarder.listen(ctx)
	defer stop()
	created, err := e.up(ctx)
	if created {
		defer func() { err = errors.Join(err, e.clean(ctx)) }()
	}
	if err != nil {
		return err
	}
	err = e.forwarder.run(ctx, e.command())
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	failure := commandFailure(err)
	if ctx.Err() == nil {
		failure.Advice = e.examine(ctx, failure)
	}
	return failure
}

func (e ephemeralRun) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	return e.remove(ctx)
}

// commandFailure is the error for a command that failed: its exit code or, as a
// shell has it, 128 and the signal that killed it.
func commandFailure(err error) *hint.Error {
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		return hint.CommandBroken.Wrap(err, "the command could not be run", "")
	}
	if status, is := exit.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return commandFailed(128+int(status.Signal()), fmt.Sprintf("the command was ended by a signal: %v", status.Signal()))
	}
	return commandFailed(exit.ExitCode(), fmt.Sprintf("the command ended with exit code %d", exit.ExitCode()))
}

// commandFailed is an error with the exit code of the user's command, which wins
// over everything else.
func commandFailed(code int, message string) *hint.Error {
	failure := hint.CommandFailed.New(message, "")
	failure.Code = hint.Code(code)
	return failure
}
