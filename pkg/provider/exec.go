package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// bound runs a command that ends when the standard input does, and ends it then. Docker
// itself never ends a command in a container, whoever has asked for it is gone or not.
const bound = `exec 3<&0 </dev/null
"$@" 3<&- & command=$!
(read -r word; kill "$command") <&3 3<&- >/dev/null 2>&1 & watch=$!
wait "$command"; code=$?
kill "$watch" 2>/dev/null
exit "$code"`

const (
	// endTime bounds the wait for a command whose context has ended: the node may not
	// do any more what it is asked for.
	endTime = 10 * time.Second
	// exitInterval is how often Docker is asked for the exit code of a command that has
	// closed its output.
	exitInterval = 20 * time.Millisecond
)

// Exec runs a command in a container, with all privileges that it can have. It returns
// the end of what the command prints, with both streams in one, and its exit code. When
// ctx ends, so does the command, and then Exec.
func (d *Docker) Exec(ctx context.Context, container string, command ...string) (output string, code int, err error) {
	made, err := d.api.ExecCreate(ctx, container, client.ExecCreateOptions{
		Privileged: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Cmd: append([]string{"/bin/sh", "-c", bound, "sh"}, command...),
	})
	if err != nil {
		return "", 0, fmt.Errorf("run %s in %s: %w", command[0], container, err)
	}
	attached, err := d.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return "", 0, fmt.Errorf("run %s in %s: %w", command[0], container, err)
	}
	defer attached.Close()
	over := make(chan struct{})
	defer close(over)
	stop := context.AfterFunc(ctx, func() {
		_ = attached.CloseWrite() // where that fails, Close ends the input too
		select {
		case <-over:
		case <-time.After(endTime):
			attached.Close()
		}
	})
	defer stop()
	var out tail
	_, err = stdcopy.StdCopy(&out, &out, attached.Reader)
	if ctx.Err() != nil {
		return out.String(), 0, context.Cause(ctx)
	}
	if err != nil {
		return out.String(), 0, fmt.Errorf("run %s in %s: %w", command[0], container, err)
	}
	code, err = d.exitCode(ctx, made.ID)
	return strings.TrimSpace(out.String()), code, err
}

// exitCode is that of a command which has closed its output.
func (d *Docker) exitCode(ctx context.Context, command string) (int, error) {
	for {
		seen, err := d.api.ExecInspect(ctx, command, client.ExecInspectOptions{})
		if err != nil {
			return 0, fmt.Errorf("look how a command ended: %w", err)
		}
		if !seen.Running {
			return seen.ExitCode, nil
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(exitInterval):
		}
	}
}
