package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TableOptions say how Table shows a report.
type TableOptions struct {
	Style console.Style
	// Evidence adds what each check saw.
	Evidence bool
}

// Table writes a report for people: the checks of each component together,
// with the cause and a hint under each one that did not pass.
func Table(out io.Writer, r verify.Report, options TableOptions) {
	width := 0
	for _, result := range r.Results {
		width = max(width, len(result.ID))
	}
	for _, group := range groups(r.Results, func(result verify.Result) string { return result.Group }) {
		fmt.Fprintln(out, options.Style.Paint(console.Bold, group))
		for _, result := range r.Results {
			if result.Group == group {
				row(out, result, width, options)
			}
		}
	}
	if r.Discovered {
		fmt.Fprintln(out, "\nThis cluster has no record of its shape: the expected counts are what was found.")
	}
	if len(r.FakeNodes) > 0 {
		fmt.Fprintf(out, "\nLeft out, because no kubelet runs them: %s.\n", strings.Join(r.FakeNodes, ", "))
	}
	fmt.Fprintf(out, "\n%s\n", Summary(r))
}

// Summary is one line on the whole report.
func Summary(r verify.Report) string {
	parts := []string{fmt.Sprintf("%d passed", r.Count(verify.Pass))}
	parts = append(parts, r.Counts(verify.Fail, verify.Error, verify.Blocked, verify.Warn, verify.Skip)...)
	return fmt.Sprintf("%s in %s", strings.Join(parts, ", "), console.Round(r.Duration))
}

var colors = map[verify.Outcome]string{
	verify.Pass: console.Green, verify.Fail: console.Red, verify.Error: console.Red,
	verify.Warn: console.Yellow, verify.Blocked: console.Yellow, verify.Skip: console.Faint,
}

// beneath is where the lines under a check's own line begin.
const beneath = "          "

func row(out io.Writer, result verify.Result, width int, options TableOptions) {
	paint := options.Style.Paint
	line := fmt.Sprintf("  %s %-*s  %s", paint(colors[result.Outcome], fmt.Sprintf("%-7s", result.Outcome)), width, result.ID, result.Title)
	switch result.Outcome {
	case verify.Blocked, verify.Skip: // there is no more to say than why it did not run
		fmt.Fprintln(out, line+paint(console.Faint, ": "+indent(result.Cause)))
		return
	}
	fmt.Fprintln(out, line+paint(console.Faint, effort(result)))
	if result.Outcome != verify.Pass {
		fmt.Fprintln(out, beneath+indent(result.Cause))
		if result.Hint != "" {
			fmt.Fprintln(out, beneath+paint(console.Bold, "hint: ")+indent(result.Hint))
		}
	}
	for _, d := range result.Differences {
		if d.Accepted {
			fmt.Fprintln(out, beneath+paint(console.Faint, "accepted: "+indent(d.ID+": "+d.Cause)))
		}
	}
	if options.Evidence {
		for _, seen := range result.Evidence {
			fmt.Fprintln(out, beneath+paint(console.Faint, "saw: "+indent(seen)))
		}
	}
}

// indent puts further lines under the first one.
func indent(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+beneath)
}

// effort says how long a check took and how often it was tried.
func effort(result verify.Result) string {
	if result.Attempts < 2 {
		return console.Took(result.Duration)
	}
	return fmt.Sprintf(" (%s, %d attempts)", console.Round(result.Duration), result.Attempts)
}

// groups lists the components in the order of their first check.
func groups[T any](items []T, group func(T) string) (names []string) {
	seen := map[string]bool{}
	for _, item := range items {
		if name := group(item); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// Verdict writes a report for machines, as docs/report.schema.json describes.
func Verdict(out io.Writer, r verify.Report) error { return JSON(out, r.Document()) }

// JSON writes a value for machines.
func JSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
