package cli

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// Signals are those that interrupt a command: Ctrl-C, the end of a job, and that of
// a terminal unless, as nohup has it, the command is to outlive it.
func Signals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// relay hears signals for as long as something is there that must be removed,
// so that none of them ends the process. What waits for a context is ended by
// the first signal. A command gets each of them, and is killed by the third: its
// cluster has to go at some time.
type relay struct {
	signals <-chan os.Signal
	// echoed tells whether the terminal has sent a signal to the command too.
	echoed func(os.Signal) bool

	mu      sync.Mutex
	process *os.Process
	passed  int
}

// patience is how many signals a command may hear before it is killed.
const patience = 3

// listen returns a context that ends with the first signal, and a function that
// ends the listening.
func (r *relay) listen(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		for {
			select {
			case <-stopped:
				return
			case signal := <-r.signals:
				cancel()
				r.pass(signal)
			}
		}
	}()
	return ctx, func() { close(stopped); cancel() }
}

func (r *relay) pass(signal os.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process == nil {
		return
	}
	// A process that has just ended cannot be signaled, and need not be.
	if r.passed++; r.passed >= patience {
		_ = r.process.Kill()
	} else if !r.echoed(signal) {
		_ = r.process.Signal(signal)
	}
}

// run starts a command, unless a signal came before, and waits for its end,
// whatever signals come.
func (r *relay) run(ctx context.Context, command *exec.Cmd) error {
	if err := r.start(ctx, command); err != nil {
		return err
	}
	return command.Wait()
}

func (r *relay) start(ctx context.Context, command *exec.Cmd) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := command.Start()
	r.process = command.Process
	return err
}
