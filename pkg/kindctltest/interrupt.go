package kindctltest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// client has the connection to Docker for all tests of this process.
var client = kindctl.New(kindctl.Options{})

// cleaner removes clusters when the process is interrupted: a test binary that a
// signal ends runs no cleanups.
type cleaner struct {
	ctx      context.Context // ends with the first signal
	cancel   context.CancelFunc
	begin    sync.Once
	creating sync.WaitGroup // or saving and resetting

	mu sync.Mutex
	// kubeconfigs are the files of the clusters that were created, by name.
	kubeconfigs map[string]string
	last        func() // what else must be removed
}

// interrupts has the clusters of this process.
var interrupts = newCleaner()

func newCleaner() *cleaner {
	c := &cleaner{kubeconfigs: map[string]string{}, last: func() {}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// do calls something until the first signal. It ends early enough before the test's deadline to
// take back what was done.
func (c *cleaner) do(t testing.TB, do func(context.Context) error) error {
	c.begin.Do(c.listen)
	c.creating.Add(1)
	defer c.creating.Done()
	ctx := c.ctx
	if deadline, limited := deadlineOf(t); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-removeTimeout),
			hint.TestDeadline.New("the test's deadline is too close to create or reset a cluster and to remove it",
				"allow more time: go test -timeout 30m"))
		defer cancel()
	}
	return do(ctx)
}

// run creates a cluster or takes it from the pool.
func (c *cleaner) run(t testing.TB, s settings) (cluster kindctl.UpResult, err error) {
	err = c.do(t, func(ctx context.Context) (err error) {
		if s.take != nil {
			cluster, err = client.WithSink(s.sink).Take(ctx, *s.take)
		} else {
			cluster, err = client.WithSink(s.sink).Up(ctx, s.UpOptions)
		}
		return err
	})
	return cluster, err
}

// up creates a cluster that goes with the process.
func (c *cleaner) up(t testing.TB, s settings) (kindctl.UpResult, error) {
	c.creating.Add(1) // until it is noted
	defer c.creating.Done()
	cluster, err := c.run(t, s)
	if err == nil {
		c.mu.Lock()
		c.kubeconfigs[cluster.Name] = s.Kubeconfig
		c.mu.Unlock()
	}
	return cluster, err
}

// forget leaves a cluster alone from now on.
func (c *cleaner) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.kubeconfigs, name)
}

// listen waits for a signal, removes the clusters, and sends the process the signal
// again: what that does is not up to this package.
func (c *cleaner) listen() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals) // a second one does what it would do without this package
		c.cancel()
		c.creating.Wait() // what is half created is taken back
		c.removeAll()
		c.last()
		if process, err := os.FindProcess(os.Getpid()); err == nil {
			_ = process.Signal(received) // Windows cannot
		}
	}()
}

// removeAll removes all clusters side by side.
func (c *cleaner) removeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	loud := client.WithSink(console.New(os.Stderr, console.Style{}))
	var all sync.WaitGroup
	for name, kubeconfig := range c.kubeconfigs {
		all.Go(func() {
			if _, err := loud.Down(ctx, kindctl.DownOptions{Name: name, Kubeconfig: kubeconfig}); err != nil {
				fmt.Fprintf(os.Stderr, "%s\nremove it: kindctl down -n %s\n", message(err), name)
			}
		})
	}
	all.Wait()
}
