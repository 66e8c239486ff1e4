package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/verify"
)

// proofColumns is where the text of a proof is broken, so that its further
// lines stay under the first.
const proofColumns = 100

// Checks lists checks for people: what each one proves, what it needs, and
// what to look at when it fails.
func Checks(out io.Writer, checks []verify.Check, style console.Style) {
	width := 0
	for _, check := range checks {
		width = max(width, len(check.ID))
	}
	margin := strings.Repeat(" ", width+4)
	for _, group := range groups(checks, groupOf) {
		fmt.Fprintln(out, style.Paint(console.Bold, group))
		for _, check := range checks {
			if check.Group != group {
				continue
			}
			fmt.Fprintf(out, "  %-*s  %s%s\n", width, check.ID, style.Paint(console.Bold, check.Title), style.Paint(console.Faint, nature(check)))
			for _, line := range broken(check.Proves, proofColumns-len(margin)) {
				fmt.Fprintln(out, margin+line)
			}
			if check.Differs != "" {
				for _, line := range broken("warns, until it is accepted: "+check.Differs, proofColumns-len(margin)) {
					fmt.Fprintln(out, margin+line)
				}
			}
			if len(check.Needs) > 0 {
				fmt.Fprintln(out, margin+"needs: "+strings.Join(check.Needs, ", "))
			}
			fmt.Fprintln(out, margin+"hint: "+strings.ReplaceAll(check.Hint, "\n", "\n"+margin))
		}
	}
}

func groupOf(check verify.Check) string { return check.Group }

// nature names what sets a check apart, as a note after its title.
func nature(check verify.Check) string {
	var marks []string
	if check.Nodes != verify.WholeCluster {
		marks = append(marks, "per node")
	}
	if check.Slow {
		marks = append(marks, "slow")
	}
	if check.Advisory {
		marks = append(marks, "warns")
	}
	if len(marks) == 0 {
		return ""
	}
	return " (" + strings.Join(marks, ", ") + ")"
}

// broken breaks text into lines of at most so many columns, between words.
func broken(text string, columns int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line == "" {
		return lines
	}
	return append(lines, line)
}

// checkEntry is what machines are told of a check.
type checkEntry struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Title    string   `json:"title"`
	Proves   string   `json:"proves"`
	Needs    []string `json:"needs"`
	Rights   []string `json:"rights"`
	PerNode  bool     `json:"perNode"`
	Slow     bool     `json:"slow"`
	Advisory bool     `json:"advisory"`
	Hint     string   `json:"hint"`
}

// ChecksJSON lists checks for machines.
func ChecksJSON(out io.Writer, checks []verify.Check) error {
	entries := make([]checkEntry, len(checks))
	for i, check := range checks {
		entries[i] = checkEntry{
			ID: check.ID, Group: check.Group, Title: check.Title, Proves: check.Proves, Hint: check.Hint,
			Needs: append([]string{}, check.Needs...), Rights: append([]string{}, check.Rights...),
			PerNode: check.Nodes != verify.WholeCluster, Slow: check.Slow, Advisory: check.Advisory,
		}
	}
	return JSON(out, entries)
}
