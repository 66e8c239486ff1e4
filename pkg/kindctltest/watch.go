package kindctltest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// watch removes clusters when the process is interrupted: a test binary that a
// signal ends runs no cleanups.
type watch struct {
	ctx    context.Context // ends with the first signal
	cancel context.CancelFunc
	begin  sync.Once
	making sync.WaitGroup

	mu   sync.Mutex
	made map[string]*kindctl.Cluster
	last func() // what else is to be done before the process ends
}

// watchman has the clusters of this process.
var watchman = newWatch()

func newWatch() *watch {
	w := &watch{made: map[string]*kindctl.Cluster{}, last: func() {}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// run makes a cluster, until the first signal. It gives up early enough before
// the test's deadline to take back what it did.
func (w *watch) run(t testing.TB, o kindctl.Options) (*kindctl.Cluster, error) {
	w.begin.Do(w.listen)
	w.making.Add(1)
	defer w.making.Done()
	ctx := w.ctx
	if deadline, limited := deadlineOf(t); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-removeTimeout),
			hint.TestDeadline.New("the test's deadline is too near to make a cluster and to remove it", "allow more time: go test -timeout 30m"))
		defer cancel()
	}
	return kindctl.Up(ctx, o)
}

// up makes a cluster that goes with the process.
func (w *watch) up(t testing.TB, o kindctl.Options) (*kindctl.Cluster, error) {
	w.making.Add(1) // until it is noted
	defer w.making.Done()
	cluster, err := w.run(t, o)
	if err == nil {
		w.mu.Lock()
		w.made[cluster.Name] = cluster
		w.mu.Unlock()
	}
	return cluster, err
}

// down removes a cluster that up made.
func (w *watch) down(ctx context.Context, cluster *kindctl.Cluster, sink event.Sink) error {
	err := cluster.Down(ctx, sink)
	if err == nil {
		w.forget(cluster.Name)
	}
	return err
}

// forget leaves a cluster alone from now on.
func (w *watch) forget(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.made, name)
}

// listen waits for a signal, removes what there is and ends the process.
func (w *watch) listen() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals) // a second one ends the process at once
		w.cancel()
		w.making.Wait() // what is half made takes itself back
		w.clear()
		w.last()
		os.Exit(int(hint.Interrupted))
	}()
}

// clear removes all clusters side by side.
func (w *watch) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	sink := report.NewConsole(os.Stderr, report.Style{})
	var all sync.WaitGroup
	for _, cluster := range w.made {
		all.Go(func() {
			if err := cluster.Down(ctx, sink); err != nil {
				fmt.Fprintf(os.Stderr, "%s\nremove it: kindctl down -n %s\n", said(err), cluster.Name)
			}
		})
	}
	all.Wait()
}
