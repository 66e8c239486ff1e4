package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/fidelity"
)

// cellColumns are those of a setting, of its value here, and of the one in
// production; the effect stands below the two.
var cellColumns = [3]int{27, 34, 34}

// Shortcuts lists for people how a cluster differs from one in production: first
// what --fidelity production leaves out, then what it keeps.
func Shortcuts(out io.Writer, all []fidelity.Shortcut, style console.Style) {
	isKept := func(s fidelity.Shortcut) bool { return s.Kept }
	if slices.ContainsFunc(all, func(s fidelity.Shortcut) bool { return !s.Kept }) {
		fmt.Fprintln(out, "So that it is up sooner, it differs from one in production. --fidelity production leaves this out:")
		shortcutTable(out, slices.DeleteFunc(slices.Clone(all), isKept), style)
	} else {
		fmt.Fprintln(out, "No shortcuts: nothing differs from production for speed.")
	}
	if kept := slices.DeleteFunc(slices.Clone(all), func(s fidelity.Shortcut) bool { return !s.Kept }); len(kept) > 0 {
		fmt.Fprintln(out, "\nWhat differs whatever the fidelity, for other reasons than speed:")
		shortcutTable(out, kept, style)
	}
}

func shortcutTable(out io.Writer, all []fidelity.Shortcut, style console.Style) {
	header := strings.TrimSuffix(cells("SETTING", "HERE", "IN PRODUCTION"), "\n")
	fmt.Fprintf(out, "\n%s\n", style.Paint(console.Bold, header))
	margin := strings.Repeat(" ", cellColumns[0]+2)
	for _, s := range all {
		fmt.Fprint(out, cells(s.Setting, s.Here, s.There))
		for _, line := range broken("→ "+s.Effect, cellColumns[1]+cellColumns[2]) {
			fmt.Fprintln(out, margin+style.Paint(console.Faint, line))
		}
	}
}

// cells is a row of a table, as many lines as its longest cell takes.
func cells(texts ...string) string {
	var columns [][]string
	height := 0
	for i, text := range texts {
		columns = append(columns, broken(text, cellColumns[i]))
		height = max(height, len(columns[i]))
	}
	var row strings.Builder
	for y := range height {
		var line strings.Builder
		for i, column := range columns {
			cell := ""
			if y < len(column) {
				cell = column[y]
			}
			fmt.Fprintf(&line, "%-*s", cellColumns[i]+2, cell)
		}
		row.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return row.String()
}
