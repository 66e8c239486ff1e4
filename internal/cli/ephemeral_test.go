package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// recordedRun is an ephemeralRun without a cluster, which records what is done.
type recordedRun struct {
	lines   []string
	signals chan os.Signal
	ephemeralRun
}

func newRecordedRun(script string) *recordedRun {
	t := &recordedRun{signals: make(chan os.Signal, 1)}
	t.ephemeralRun = ephemeralRun{
		forwarder: &signalForwarder{signals: t.signals, echoed: func(os.Signal) bool { return false }},
		up:        func(context.Context) (bool, error) { t.lines = append(t.lines, "up"); return true, nil },
		command: func() *exec.Cmd {
			t.lines = append(t.lines, "command")
			return exec.Command("sh", "-c", script)
		},
		examine: func(_ context.Context, err error) string {
			t.lines = append(t.lines, "examine: "+err.Error())
			return "look"
		},
		remove: func(ctx context.Context) error {
			t.lines = append(t.lines, "remove")
			return ctx.Err()
		},
	}
	return t
}

func TestEphemeralRun(t *testing.T) {
	broken := hint.New(hint.Creation, "BROKEN", "broken", "mend it")
	tests := []struct {
		name   string
		script string
		change func(*recordedRun)
		want   []string
		code   hint.Code
		advice string
	}{
		{"all well", "exit 0", nil, []string{"up", "command", "remove"}, 0, ""},
		{"the command fails", "exit 7", nil, []string{"up", "command", "examine: the command ended with exit code 7", "remove"}, 7, "look"},
		{"the command is killed", "kill -KILL $$", nil, []string{"up", "command", "examine: the command was ended by a signal: killed", "remove"}, 137, "look"},
		{"up fails and has taken back what it did", "exit 0", func(t *recordedRun) {
			t.up = func(context.Context) (bool, error) { return false, broken }
		}, nil, hint.Creation, "mend it"},
		{"up works, but not its report", "exit 0", func(t *recordedRun) {
			t.up = func(context.Context) (bool, error) { return true, broken }
		}, []string{"remove"}, hint.Creation, "mend it"},
		{"the cluster is kept", "exit 7", func(t *recordedRun) {
			t.up = func(context.Context) (bool, error) { return false, nil }
		}, []string{"command", "examine: the command ended with exit code 7"}, 7, "look"},
		{"the removal fails", "exit 0", func(t *recordedRun) {
			t.remove = func(context.Context) error { return broken }
		}, []string{"up", "command"}, hint.Creation, "mend it"},
		{"everything fails", "exit 7", func(t *recordedRun) {
			t.remove = func(context.Context) error { return broken }
		}, []string{"up", "command", "examine: the command ended with exit code 7"}, 7, "look"},
		{"the command cannot be started", "", func(t *recordedRun) {
			t.command = func() *exec.Cmd { return exec.Command("/nowhere/at/all") }
		}, []string{"up", "examine: the command could not be run: fork/exec /nowhere/at/all: no such file or directory", "remove"}, hint.Internal, "look"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecordedRun(tt.script)
			if tt.change != nil {
				tt.change(r)
			}
			err := r.run(t.Context())
			if hint.CodeOf(err) != tt.code || hint.AdviceOf(err) != tt.advice {
				t.Errorf("error is %v with advice %q, want code %d and %q", err, hint.AdviceOf(err), tt.code, tt.advice)
			}
			if diff := cmp.Diff(tt.want, r.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEphemeralRunRemovesAfterAPanic wants the cluster gone even then.
func TestEphemeralRunRemovesAfterAPanic(t *testing.T) {
	r := newRecordedRun("")
	r.command = func() *exec.Cmd { panic("a bug") }
	defer func() {
		if recover() == nil || !cmp.Equal(r.lines, []string{"up", "remove"}) {
			t.Errorf("what was done: %v", r.lines)
		}
	}()
	_ = r.run(t.Context())
}

// speaker is the output of a command, which acts on what it says.
type speaker struct {
	said  string
	hears func(said string)
}

func (s *speaker) Write(p []byte) (int, error) {
	s.said += string(p)
	s.hears(s.said)
	return len(p), nil
}

// sending makes the run's command send a signal whenever it says "ready", and
// returns its output.
func (t *recordedRun) sending(signal os.Signal) *speaker {
	out, sent := &speaker{}, 0
	out.hears = func(said string) {
		for ; sent < strings.Count(said, "ready"); sent++ {
			t.signals <- signal
		}
	}
	command := t.command
	t.command = func() *exec.Cmd {
		cmd := command()
		cmd.Stdout = out
		return cmd
	}
	return out
}

// waiting is shell for a wait that a trap interrupts and nothing survives.
const waiting = `sleep 60 >/dev/null 2>&1 & sleeper=$!; echo ready; wait $sleeper; `

func TestEphemeralRunPassesSignalsOn(t *testing.T) {
	tests := []struct {
		name, script string
		signal       syscall.Signal
		code         hint.Code
		said         string
	}{
		{"the command ends in its own way", `trap 'kill $sleeper; echo heard; exit 42' TERM; ` + waiting, syscall.SIGTERM, 42, "ready\nheard\n"},
		{"the command calls it a success", `trap 'kill $sleeper; exit 0' USR1; ` + waiting, syscall.SIGUSR1, 0, "ready\n"},
		{"the command dies of it", `echo ready; exec sleep 60 >/dev/null 2>&1`, syscall.SIGTERM, 143, "ready\n"},
		{"the third one kills", `trap '' TERM; echo ready; echo ready; echo ready; exec sleep 60 >/dev/null 2>&1`, syscall.SIGTERM, 137, "ready\nready\nready\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecordedRun(tt.script)
			out := r.sending(tt.signal)
			err := r.run(t.Context())
			if hint.CodeOf(err) != tt.code || out.said != tt.said {
				t.Errorf("error is %v, want code %d; the command said %q, want %q", err, tt.code, out.said, tt.said)
			}
			if diff := cmp.Diff([]string{"up", "command", "remove"}, r.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEphemeralRunDoesNotRepeatTheTerminal wants a signal that the terminal sends to
// the command too to reach it once.
func TestEphemeralRunDoesNotRepeatTheTerminal(t *testing.T) {
	r := newRecordedRun(`trap 'kill $sleeper; exit 42' TERM; trap 'kill $sleeper; exit 3' USR1; ` + waiting)
	r.forwarder.echoed = func(signal os.Signal) bool {
		if signal == syscall.SIGUSR1 {
			r.signals <- syscall.SIGTERM // lets the command end
		}
		return signal == syscall.SIGUSR1
	}
	r.sending(syscall.SIGUSR1)
	if err := r.run(t.Context()); hint.CodeOf(err) != 42 {
		t.Errorf("error is %v, want 42: the command heard the first signal again", err)
	}
}

// TestEphemeralRunInterruptedBeforeTheCommand ends the making of the cluster, and then
// its removal does not end.
func TestEphemeralRunInterruptedBeforeTheCommand(t *testing.T) {
	for name, made := range map[string]bool{"half made": false, "just made": true} {
		t.Run(name, func(t *testing.T) {
			r := newRecordedRun("exit 0")
			r.up = func(ctx context.Context) (bool, error) {
				r.signals <- os.Interrupt
				<-ctx.Done()
				if made {
					return true, nil
				}
				return false, context.Cause(ctx)
			}
			remove := r.remove
			r.remove = func(ctx context.Context) error {
				r.signals <- os.Interrupt
				r.signals <- os.Interrupt // taken only when the first was heard
				return remove(ctx)
			}
			err := r.run(t.Context())
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v, want an interrupt", err)
			}
			var want []string
			if made {
				want = []string{"command", "remove"}
			}
			if diff := cmp.Diff(want, r.lines); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
		})
	}
}
