package provider

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"

	"github.com/moby/moby/client"
)

// Stream runs a command in a node as Exec does, and writes what it prints to out as it comes.
// With an input of the caller's, the command must end with it.
func (n *Node) Stream(ctx context.Context, in io.Reader, out io.Writer, command ...string) (code int, err error) {
	return n.exec(ctx, in, out, out, command)
}

// Size is that of a terminal, in characters.
type Size struct{ Rows, Columns uint }

// Terminal is where an interactive command gets its input from and prints to.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	// Sizes are those that the terminal has, the first one at the beginning. Nil means that In and
	// Out are no terminal.
	Sizes <-chan Size
}

// noDetachKeys is a sequence that is never typed. Docker's own begins with Ctrl-P, which shells
// have another use for, and leaves the command running.
const noDetachKeys = "ctrl-^,ctrl-@,ctrl-^,ctrl-_,ctrl-^,ctrl-@"

// Attach runs a command in a node, on a terminal of its own, until the command or ctx ends. It
// may leave a read of In behind, whose result is lost.
func (n *Node) Attach(ctx context.Context, terminal Terminal, environment []string, command ...string) (code int, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err != nil {
			err = fmt.Errorf("run %s in %s: %w", command[0], n.Name, err)
		}
	}()
	api := n.docker.api
	made, err := api.ExecCreate(ctx, n.Name, client.ExecCreateOptions{
		Privileged: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, TTY: true,
		DetachKeys: noDetachKeys, Env: environment, Cmd: command,
	})
	if err != nil {
		return 0, err
	}
	attached, err := api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{TTY: true})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	over := make(chan struct{})
	defer close(over)
	go func() {
		_, _ = io.Copy(attached.Conn, terminal.In) // the command has ended
		_ = attached.CloseWrite()
	}()
	go func() {
		for {
			select {
			case size, open := <-terminal.Sizes:
				if !open {
					return
				}
				_, _ = api.ExecResize(ctx, made.ID, client.ExecResizeOptions{Height: size.Rows, Width: size.Columns}) // its old size is no harm
			case <-over:
				return
			}
		}
	}()
	if _, err := io.Copy(terminal.Out, attached.Reader); err != nil {
		return 0, err
	}
	return exitCode(ctx, api, made.ID)
}

// Published is where this machine reaches a TCP port of the node, if it is published.
func (n *Node) Published(ctx context.Context, port int) (at netip.AddrPort, is bool, err error) {
	inspected, err := n.inspect(ctx)
	if err != nil {
		return at, false, err
	}
	if inspected.NetworkSettings == nil {
		return at, false, nil
	}
	for from, bindings := range inspected.NetworkSettings.Ports {
		if int(from.Num()) != port || from.Proto() != "tcp" {
			continue
		}
		for _, binding := range bindings {
			number, err := strconv.ParseUint(binding.HostPort, 10, 16)
			if err == nil && number > 0 {
				return netip.AddrPortFrom(binding.HostIP, uint16(number)), true, nil
			}
		}
	}
	return at, false, nil
}
