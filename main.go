// Command kindctl makes Kubernetes clusters on one machine and proves that
// they work.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kindctl/kindctl/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	// A reader that goes away must not end the process half way through a cluster.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code := cli.Main(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
