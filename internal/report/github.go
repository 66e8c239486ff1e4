package report

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// GitHub is a Console for the log of GitHub Actions: what happens during a
// phase is folded into a group, and how the phase ended stands beneath it.
type GitHub struct {
	mu      sync.Mutex
	out     io.Writer
	console *console.Console
	open    string // the phase whose group is open
}

// NewGitHub returns a GitHub that writes to out.
func NewGitHub(out io.Writer) *GitHub {
	return &GitHub{out: out, console: console.New(out, console.Style{})}
}

// Emit prints what the event means for a reader of the log, if anything.
func (g *GitHub) Emit(e event.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	line := g.console.Line(e)
	switch {
	case e.Scope == event.Phase && e.Kind == event.Started:
		g.open, line = e.ID, "::group::"+workflowData(strings.TrimPrefix(line, "• "))
	case e.Scope == event.Phase && e.ID == g.open && ended(e.Kind):
		g.open, line = "", "::endgroup::\n"+harmless(line)
	default:
		line = harmless(line)
	}
	if line != "" {
		fmt.Fprintln(g.out, line)
	}
}

func ended(kind event.Kind) bool {
	return kind == event.Done || kind == event.Failed || kind == event.Skipped
}

// Annotations writes an annotation for each check that failed, could not
// observe, or warned, with its cause and its hint.
func Annotations(out io.Writer, r verify.Report) {
	for _, result := range r.Results {
		level := ""
		switch result.Outcome {
		case verify.Fail, verify.Error:
			level = "error"
		case verify.Warn:
			level = "warning"
		default:
			continue
		}
		annotate(out, level, fmt.Sprintf("%s %s: %s", result.Outcome, result.ID, result.Title), result.Cause, result.Hint)
	}
}

// AnnotateFailure writes an annotation for the error that ended a command. One
// that sums up checks is left to Annotations, and an interrupt is no error.
func AnnotateFailure(out io.Writer, command string, err error) {
	switch f := errorInfoOf(err); {
	case f == nil || f.Code == int(hint.Interrupted) || strings.HasPrefix(f.Reason, "VERIFICATION_") || f.Code == int(hint.Verification):
	default:
		annotate(out, "error", command, f.Message, f.Hint)
	}
}

func annotate(out io.Writer, level, title, cause, advice string) {
	if advice != "" {
		cause += "\nhint: " + advice
	}
	fmt.Fprintf(out, "::%s title=%s::%s\n", level, workflowProperty(title), workflowData(cause))
}

// workflowData escapes the text of a workflow command, and workflowProperty the
// value of one of its properties, as GitHub's toolkit does
// (github.com/actions/toolkit, packages/core/src/command.ts).
func workflowData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func workflowProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(workflowData(text))
}

// harmless keeps text that comes from elsewhere, such as a pod's log, from being
// taken for a workflow command: one begins its line, or in the older form stands
// anywhere.
func harmless(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "##[", "## ["), "\n")
	for i, line := range lines {
		if bare := strings.TrimSpace(line); strings.HasPrefix(bare, "::") {
			lines[i] = strings.Replace(line, "::", ": :", 1)
		}
	}
	return strings.Join(lines, "\n")
}
