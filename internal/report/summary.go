package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// emblems show outcomes in Markdown.
var emblems = map[verify.Outcome]string{
	verify.Pass: "✅", verify.Fail: "❌", verify.Error: "❗", verify.Warn: "⚠️", verify.Blocked: "⛔", verify.Skip: "➖",
}

var stepEmblems = map[event.Kind]string{event.Done: "✅", event.Failed: "❌", event.Skipped: "➖"}

// Markdown writes a story as a summary for people: how the command ended, how
// long its phases took, and every check with its timing, those that did not
// pass with cause and hint.
func Markdown(out io.Writer, s CommandResult) {
	title := "kindctl " + s.Command
	if s.Report.Cluster != "" {
		title += ": " + s.Report.Cluster
	}
	fmt.Fprintf(out, "### %s %s\n\n", stepEmblems[verdictOf(s.Err)], cell(title))
	if f := errorInfoOf(s.Err); f != nil {
		fmt.Fprintf(out, "**error:** %s\n\n", cell(f.Message))
		if f.Hint != "" {
			fmt.Fprintf(out, "**hint:** %s\n\n", cell(f.Hint))
		}
	}
	if steps := s.steps(); len(steps) > 0 {
		fmt.Fprint(out, "| | phase | time | |\n|---|---|---:|---|\n")
		for _, step := range steps {
			message := step.message
			if step.kind == event.Failed && s.Err != nil { // the error above says it
				message = ""
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", stepEmblems[step.kind], cell(step.title), lasted(step.took), cell(message))
		}
		fmt.Fprintln(out)
	}
	s.checks(out)
}

func verdictOf(err error) event.Kind {
	if err != nil {
		return event.Failed
	}
	return event.Done
}

// checks writes the table of checks, a component after the other.
func (s CommandResult) checks(out io.Writer) {
	if len(s.Report.Results) == 0 {
		return
	}
	fmt.Fprintf(out, "%s\n\n| | component | check | time | |\n|---|---|---|---:|---|\n", Summary(s.Report))
	for _, group := range groups(s.Report.Results, func(r verify.Result) string { return r.Group }) {
		for _, r := range s.Report.Results {
			if r.Group == group {
				fmt.Fprintf(out, "| %s %s | %s | `%s` %s | %s | %s |\n", emblems[r.Outcome], r.Outcome, cell(r.Group), r.ID, cell(r.Title), lasted(r.Duration), reasons(r))
			}
		}
	}
	fmt.Fprintln(out)
}

// reasons are why a check did not pass, and what to do.
func reasons(r verify.Result) string {
	parts := []string{}
	if r.Cause != "" {
		parts = append(parts, cell(r.Cause))
	}
	if r.Hint != "" && r.Outcome != verify.Blocked {
		parts = append(parts, "**hint:** "+cell(r.Hint))
	}
	return strings.Join(parts, "<br>")
}

func lasted(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return console.Round(d).String()
}
