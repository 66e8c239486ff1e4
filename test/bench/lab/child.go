package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/hint"
)

// wind is how long a command may take to take back what it made, once it has been
// interrupted.
const wind = 3 * time.Minute

// child runs a program, with further variables in its environment, and hands on what it says.
// It returns the processor time that the command took with all that it started and waited
// for. When ctx ends, the command is interrupted and may clean up.
func child(ctx context.Context, program string, words, variables []string, say func(string)) (time.Duration, error) {
	command := exec.CommandContext(ctx, program, words...)
	command.Env = append(clean(os.Environ()), variables...)
	said := &lines{say: say}
	command.Stderr = said
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = wind
	apart(command)
	err := command.Run()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		return 0, hint.Wrap(fmt.Errorf("%w\n%s", err, strings.Join(said.last, "\n")), hint.Creation, "ARM_FAILED", "an arm failed", "see what it says by hand, and remove what it makes: "+program+" "+strings.Join(words, " "))
	}
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime(), nil
}

// clean leaves out of an environment what would change the cluster that an arm
// makes.
func clean(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		return strings.HasPrefix(variable, "KINDCTL_") || strings.HasPrefix(variable, "KIND_CLUSTER_NAME=")
	})
}

// lines hands on each whole line, and keeps the last ones.
type lines struct {
	say     func(string)
	partial []byte
	last    []string
}

const keptLines = 12

func (l *lines) Write(data []byte) (int, error) {
	l.partial = append(l.partial, data...)
	for {
		line, rest, whole := bytes.Cut(l.partial, []byte("\n"))
		if !whole {
			return len(data), nil
		}
		l.partial = rest
		l.last = append(l.last, string(line))
		l.last = l.last[max(0, len(l.last)-keptLines):]
		l.say(strings.TrimSpace(string(line)))
	}
}
