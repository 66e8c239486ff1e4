package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// endWithInput runs a command that ends when the standard input does, and ends it then. Docker
// itself never ends a command in a container, whether its client is gone or not.
const endWithInput = `exec 3<&0 </dev/null
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

// tail keeps the end of what is written to it.
type tail struct {
	bytes.Buffer
}

// tailLimit is how much a tail keeps at least.
const tailLimit = 4 << 20

func (t *tail) Write(b []byte) (int, error) {
	n, err := t.Buffer.Write(b)
	if t.Len() > 2*tailLimit {
		t.Next(t.Len() - tailLimit)
	}
	return n, err
}

// Exec runs a command in a node, with all privileges that it can have. It returns
// the end of what the command prints, with both streams in one, and its exit code. When
// ctx ends, so does the command, and then Exec.
func (n *Node) Exec(ctx context.Context, command ...string) (output string, code int, err error) {
	var out tail
	code, err = n.exec(ctx, nil, &out, &out, command)
	return strings.TrimSpace(out.String()), code, err
}

// Output is Exec for a command whose exit code must be 0.
func (n *Node) Output(ctx context.Context, command ...string) ([]byte, error) {
	var out tail
	code, err := n.exec(ctx, nil, &out, &out, command)
	if err == nil && code != 0 {
		err = n.failure(command, code, out.String())
	}
	return out.Bytes(), err
}

// run is Exec for a command whose exit code must be 0. It returns what the command
// prints to its standard output.
func (n *Node) run(ctx context.Context, command ...string) (string, error) {
	var out bytes.Buffer
	err := n.pipe(ctx, nil, &out, command...)
	return strings.TrimSpace(out.String()), err
}

// pipe is run with streams of the caller's. A command that gets input must end with it.
func (n *Node) pipe(ctx context.Context, in io.Reader, out io.Writer, command ...string) error {
	var all tail
	code, err := n.exec(ctx, in, io.MultiWriter(out, &all), &all, command)
	if err == nil && code != 0 {
		err = n.failure(command, code, all.String())
	}
	return err
}

// failure is the error of a command with another exit code than 0, with what it printed
// last.
func (n *Node) failure(command []string, code int, output string) error {
	return errors.New(withLastLines(fmt.Sprintf("%q in %s: exit status %d", shortened(command), n.Name, code), output))
}

// exec runs a command, and ends it with ctx: by the end of its input, or if it has none
// of its own by a shell that waits for that.
func (n *Node) exec(ctx context.Context, in io.Reader, out, problems io.Writer, command []string) (code int, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err != nil {
			err = fmt.Errorf("run %s in %s: %w", command[0], n.Name, err)
		}
	}()
	words := command
	if in == nil {
		words = append([]string{"/bin/sh", "-c", endWithInput, "sh"}, command...)
	}
	api := n.docker.api
	made, err := api.ExecCreate(ctx, n.Name, client.ExecCreateOptions{
		Privileged: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, Cmd: words,
	})
	if err != nil {
		return 0, err
	}
	attached, err := api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, err
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
	fed := make(chan error, 1)
	if in != nil {
		go func() {
			_, err := io.Copy(attached.Conn, in)
			_ = attached.CloseWrite() // the command has ended, or is to end
			fed <- err
		}()
	}
	if _, err = stdcopy.StdCopy(out, problems, attached.Reader); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return 0, err
	}
	if code, err = exitCode(ctx, api, made.ID); err != nil || code != 0 {
		return code, err
	}
	select {
	case err = <-fed: // it would be content with a part
	default:
	}
	return code, err
}

// exitCode is that of a command which has closed its output.
func exitCode(ctx context.Context, api *client.Client, command string) (int, error) {
	for {
		seen, err := api.ExecInspect(ctx, command, client.ExecInspectOptions{})
		if err != nil {
			return 0, fmt.Errorf("look how it ended: %w", err)
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

// Script runs a script of bash in a node, with an input that may be empty, and returns what
// it prints to its standard output. Its exit code must be 0.
func (n *Node) Script(ctx context.Context, input, script string) (string, error) {
	var in io.Reader
	if input != "" {
		in = strings.NewReader(input)
	}
	var out bytes.Buffer
	err := n.pipe(ctx, in, &out, "bash", "-c", script)
	return out.String(), err
}
