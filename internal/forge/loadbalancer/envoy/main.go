// Envoy is a TCP load balancer that reads the part of Envoy's configuration
// that kind writes: see the package loadbalancer for why.
//
//	envoy -c /home/envoy/envoy.yaml
//
// The file names one file of clusters (what to balance over, and how to find
// out who is healthy) and one of listeners (where to accept connections).
// Both are read again whenever they change; a file that cannot be used
// changes nothing and is logged. SIGTERM ends it after the open connections
// are done, or after drainTime.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drainTime is how long open connections may go on after SIGTERM: less than
// the 10 s after which Docker kills a container.
const drainTime = 5 * time.Second

func main() {
	path := flag.String("c", "/home/envoy/envoy.yaml", "the configuration `file`")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *path, log); err != nil {
		log.Error("the load balancer ends", "err", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, path string, log *slog.Logger) error {
	boot, err := readBootstrap(path)
	if err != nil {
		return err
	}
	s := newServer(boot, log)
	changes, err := watchFiles(ctx, boot.clusterFile(), boot.listenerFile())
	if err != nil {
		return err
	}
	admin, err := s.serveAdmin()
	if err != nil {
		return err
	}
	defer admin.Close()

	s.reload(ctx)
	for {
		select {
		case <-changes:
			s.reload(ctx)
		case <-ctx.Done():
			log.Info("draining", "at most", drainTime)
			s.drain(drainTime)
			return nil
		}
	}
}
