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

// signalForwarder hears signals for as long as something is there that must be removed,
// so that none of them ends the process. What waits for a context is ended by
// the first signal. A command gets each of them, and is killed by the third: its
// cluster has to go at some time.
type signalForwarder struct {
	signals <-chan os.Signal
	// echoed reports whether the terminal has sent a signal to the command too.
	echoed func(os.Signal) bool

	mu      sync.Mutex
	process *os.Process
	passed  int
}

// patience is how many signals a command may hear before it is killed.
const patience = 3

// listen returns a context that ends with the first signal, and a function that
// ends the listening.
func (f *signalForwarder) listen(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		for {
			select {
			case <-stopped:
				return
			case signal := <-f.signals:
				cancel()
				f.pass(signal)
			}
		}
	}()
	return ctx, func() { close(stopped); cancel() }
}

func (f *signalForwarder) pass(signal os.Signal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		return
	}
	// A process that has just ended cannot be signaled, and need not be.
	if f.passed++; f.passed >= patience {
		_ = f.process.Kill()
	} else if !f.echoed(signal) {
		_ = f.process.Signal(signal)
	}
}

// run starts a command, unless a signal came before, and waits for its end,
// whatever signals come.
func (f *signalForwarder) run(ctx context.Context, command *exec.Cmd) error {
	if err := f.start(ctx, command); err != nil {
		return err
	}
	return command.Wait()
}

func (f *signalForwarder) start(ctx context.Context, command *exec.Cmd) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := command.Start()
	f.process = command.Process
	return err
}
