package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

// Table writes a report for people: the checks of each component together,
// with the cause and a hint under each one that did not pass.
func Table(out io.Writer, r verify.Report, style Style) {
	for _, group := range groups(r.Results) {
		fmt.Fprintln(out, style.paint(bold, group))
		for _, result := range r.Results {
			if result.Group == group {
				row(out, result, style)
			}
		}
	}
	if r.Discovered {
		fmt.Fprintln(out, "\nThis cluster has no record of its shape: the expected counts are what was found.")
	}
	fmt.Fprintf(out, "\n%s\n", Summary(r))
}

// Summary is one line on the whole report.
func Summary(r verify.Report) string {
	parts := []string{fmt.Sprintf("%d passed", r.Count(verify.Pass))}
	for _, o := range []verify.Outcome{verify.Fail, verify.Error, verify.Blocked, verify.Warn, verify.Skip} {
		if n := r.Count(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words[o]))
		}
	}
	return fmt.Sprintf("%s in %s", strings.Join(parts, ", "), Round(r.Duration))
}

var words = map[verify.Outcome]string{
	verify.Fail: "failed", verify.Error: "could not be observed", verify.Blocked: "blocked",
	verify.Warn: "warned", verify.Skip: "skipped",
}

var colors = map[verify.Outcome]string{
	verify.Pass: green, verify.Fail: red, verify.Error: red, verify.Warn: yellow, verify.Blocked: yellow, verify.Skip: faint,
}

func row(out io.Writer, result verify.Result, style Style) {
	fmt.Fprintf(out, "  %s %-16s %s%s\n", style.paint(colors[result.Outcome], fmt.Sprintf("%-7s", result.Outcome)),
		result.ID, result.Title, style.paint(faint, took(result.Duration)))
	if result.Outcome == verify.Pass {
		return
	}
	for line := range strings.Lines(result.Cause) {
		fmt.Fprintln(out, "          "+strings.TrimRight(line, "\n"))
	}
	if result.Hint != "" && result.Outcome != verify.Blocked {
		fmt.Fprintln(out, "          "+style.paint(bold, "hint: ")+result.Hint)
	}
}

// groups lists the components in the order of their first check.
func groups(results []verify.Result) (names []string) {
	seen := map[string]bool{}
	for _, result := range results {
		if !seen[result.Group] {
			seen[result.Group] = true
			names = append(names, result.Group)
		}
	}
	return names
}

// JSON writes a value for machines.
func JSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
