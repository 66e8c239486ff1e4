package provider

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/kind/pkg/exec"
)

const (
	commandWidth = 100 // characters of a command: a docker run is a page long
	tailLines    = 10  // what kubeadm and Docker say last is why they failed
	lineWidth    = 400 // characters of a line: an answer of an API server may be pages long
)

// failure is an error of kind with what the failed command printed,
// which kind keeps to itself.
type failure struct {
	message string
	cause   error
}

func (f failure) Error() string { return f.message }
func (f failure) Unwrap() error { return f.cause }

func explain(err error) error {
	run := exec.RunErrorForError(err)
	if run == nil {
		return err
	}
	short := withLastLines(fmt.Sprintf("%q: %v", shortened(run.Command), run.Inner), string(run.Output))
	return failure{strings.Replace(err.Error(), run.Error(), short, 1), err}
}

// shortened is a command that fits into a message.
func shortened(command []string) string {
	line := strings.Join(command, " ")
	if len(line) > commandWidth {
		line = line[:commandWidth] + "..."
	}
	return line
}

// withLastLines is a message with the last lines of what a command has printed.
func withLastLines(message, output string) string {
	for _, line := range lastLines(output) {
		message += "\n  " + line
	}
	return message
}

// stack matches a line of a stack trace, as kubeadm prints them: a function,
// which has no spaces, or a place, which is indented.
var stack = regexp.MustCompile(`^(\t.*|\S+/\S+|(main|runtime)\.\S+)$`)

// information matches a line of klog that is no warning or error: kubeadm logs
// every request that it sends.
var information = regexp.MustCompile(`^I\d{4} \d{2}:\d{2}:\d{2}`)

func lastLines(output string) (kept []string) {
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n ")
		if line == "" || stack.MatchString(line) || information.MatchString(line) || !readable(line) {
			continue
		}
		if runes := []rune(line); len(runes) > lineWidth {
			line = string(runes[:lineWidth]) + "..."
		}
		kept = append(kept, line)
	}
	return kept[max(0, len(kept)-tailLines):]
}

// readable reports whether a line is text. A command that writes an archive to its
// output may fail half way through.
func readable(line string) bool {
	return utf8.ValidString(line) && !strings.ContainsFunc(line, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\x1b\r", r)
	})
}
