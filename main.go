// Command kindctl makes Kubernetes clusters on one machine and proves that
// they work.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/kindctl/kindctl/internal/cli"
)

func main() {
	signals := cli.Signals()
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if slices.Contains(signals, os.Signal(syscall.SIGHUP)) {
		// Of a terminal that closes a process may hear twice, from the shell too.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	// A reader that goes away must not end the process half way through a cluster.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code := cli.Main(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
