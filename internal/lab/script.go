package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/lab/hosts"
	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	// scriptDir has scripts while they run. It is in memory, so that no snapshot has them.
	scriptDir = "/run/kindctl-lab"
	// logDir has what background scripts print, and how they ended.
	logDir = "/var/log/kindctl-lab"
	// killAfter is how long a script that was told to end has for that.
	killAfter = 5 * time.Second
	// timedOut is the exit code with which timeout says that it has ended a command, and killed
	// that of one which it had to kill.
	timedOut, killed = 124, 137
)

// environment is that of scripts.
var environment = []string{
	"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "TERM=xterm",
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"KUBECONFIG=/etc/kubernetes/admin.conf",
}

// outcome is how a script ended.
type outcome struct {
	Code int
	// Late says that it did not end in time, and was ended.
	Late bool
	// Output is the end of what it printed.
	Output string
}

// interpreter is the command that runs a script: what its first line says, or bash.
func interpreter(script string) []string {
	first, _, _ := strings.Cut(script, "\n")
	if command, has := strings.CutPrefix(first, "#!"); has && strings.TrimSpace(command) != "" {
		return strings.Fields(command)
	}
	return []string{"bash"}
}

// put writes a script of the lab into its host, and returns the command that runs it there.
func (s *Session) put(ctx context.Context, file string) (command []string, err error) {
	content, err := fs.ReadFile(s.Lab.Files, file)
	if err != nil {
		return nil, hint.LabInvalid.Wrap(err, "a script of the lab is gone", "begin the lab again: kindctl lab end; kindctl lab run")
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	to := path.Join(scriptDir, strings.ReplaceAll(file, "/", "-"))
	if err := s.host().Write(ctx, hosts.File{Path: to, Mode: 0o700, Content: []byte(text)}); err != nil {
		return nil, s.failed(err, file)
	}
	return append(interpreter(text), to), nil
}

// run runs a script on the control plane, until it ends or its time is over. What it prints goes
// to out as it comes; nil drops it.
func (s *Session) run(ctx context.Context, file string, patience time.Duration, out io.Writer) (outcome, error) {
	command, err := s.put(ctx, file)
	if err != nil {
		return outcome{}, err
	}
	command = append([]string{
		"timeout", fmt.Sprintf("--kill-after=%d", int(killAfter.Seconds())), strconv.FormatFloat(patience.Seconds(), 'f', 3, 64),
		"env", "--ignore-environment", "--chdir=/root",
	}, append(environment, command...)...)
	tail := &tail{next: out}
	began := time.Now()
	code, err := s.host().Node.Stream(ctx, nil, tail, command...)
	if err != nil {
		return outcome{}, s.failed(err, file)
	}
	late := (code == timedOut || code == killed) && time.Since(began) >= patience
	return outcome{Code: code, Late: late, Output: strings.TrimSpace(tail.text())}, nil
}

func (s *Session) failed(err error, file string) error {
	if hint.ReasonOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return hint.LabScriptFailed.Wrap(err, "the script "+file+" could not be run", "see whether the cluster works: kindctl verify -n "+s.State.Cluster)
}

// background begins a script of a page that is not waited for.
func (s *Session) background(ctx context.Context, page format.Page) error {
	command, err := s.put(ctx, page.Background)
	if err != nil {
		return err
	}
	log := path.Join(logDir, page.Key)
	script := fmt.Sprintf("mkdir -p %s; rm -f %s.exit; ", logDir, log) +
		fmt.Sprintf(`setsid sh -c 'log=$1; shift; "$@" >"$log.log" 2>&1; echo $? >"$log.exit"' sh %s "$@" </dev/null >/dev/null 2>&1 &`, log)
	words := append([]string{"env", "--ignore-environment", "--chdir=/root"}, append(environment, "sh", "-c", script, "sh")...)
	output, code, err := s.host().Node.Exec(ctx, append(words, command...)...)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit status %d: %s", code, output)
	}
	if err != nil {
		return s.failed(err, page.Background)
	}
	return nil
}

// Background is a background script that has begun.
type Background struct {
	// Page is the key of its page.
	Page string
	// Ended says that it has, with Code.
	Ended bool
	Code  int
	// Output is the end of what it has printed, and Log the file on the control plane that has all.
	Output, Log string
}

// Failed reports whether it has ended with another exit code than 0.
func (b Background) Failed() bool { return b.Ended && b.Code != 0 }

// backgroundLines is how much of the output of a background script is shown.
const backgroundLines = 5

// Backgrounds are the background scripts of the pages up to the current one.
func (s *Session) Backgrounds(ctx context.Context) (found []Background, err error) {
	for _, page := range s.begun() {
		if page.Background == "" {
			continue
		}
		log := path.Join(logDir, page.Key)
		output, _, err := s.host().Node.Exec(ctx, "sh", "-c", fmt.Sprintf("echo exit=$(cat %s.exit 2>/dev/null); tail -n %d %[1]s.log 2>/dev/null", log, backgroundLines))
		if err != nil {
			return nil, s.failed(err, page.Background)
		}
		first, rest, _ := strings.Cut(output, "\n")
		one := Background{Page: page.Key, Output: strings.TrimSpace(rest), Log: log + ".log"}
		code, running := strconv.Atoi(strings.TrimPrefix(first, "exit="))
		one.Code, one.Ended = code, running == nil
		found = append(found, one)
	}
	return found, nil
}

// tailLimit is how much of a script's output is kept.
const tailLimit = 16 << 10

// tail keeps the end of what is written to it, and passes all on.
type tail struct {
	next io.Writer
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*tailLimit {
		t.kept = append([]byte{}, t.kept[len(t.kept)-tailLimit:]...)
	}
	if t.next == nil {
		return len(b), nil
	}
	return t.next.Write(b)
}

func (t *tail) text() string { return string(t.kept) }
