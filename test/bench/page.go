package main

import (
	"fmt"
	"strings"

	"github.com/kindctl/kindctl/test/bench/compare"
)

// putInto puts a benchmark into a Markdown page, with a section for each CNI.
func putInto(page string, r *compare.Result) string {
	for _, cni := range r.CNIs() {
		page = replaceSection(page, cni, section(r, cni))
	}
	return page
}

// replaceSection puts a text into a Markdown page: what was measured stands between two comments
// that name it, and takes the place of what was there. Where the page has none, it comes at the
// end.
func replaceSection(page, name, text string) string {
	begin, end := fmt.Sprintf("<!-- bench %s: begin -->\n", name), fmt.Sprintf("<!-- bench %s: end -->\n", name)
	text = begin + text + end
	before, rest, begins := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if begins && ends {
		return before + text + after
	}
	return strings.TrimLeft(strings.TrimRight(page, "\n")+"\n\n"+text, "\n")
}

const summaryHead = `| nodes | arm | runs | arm done (s) | works (s) | least to most | ratio | least to most | CPU-s: nodes | daemons | client | peak memory | bound (s) | works / bound |
|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

const runsHead = `| nodes | round | arm | arm done (s) | works (s) | CPU-s: nodes | daemons | client | machine | peak memory | |
|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|---|
`

// section is all that was measured with a CNI.
func section(r *compare.Result, cni string) string {
	var table, runs, about strings.Builder
	images := []string{}
	for _, c := range r.Cases {
		if c.CNI != cni {
			continue
		}
		images = append(images, c.Image)
		for _, s := range c.Summary {
			table.WriteString(summaryRow(c, s))
		}
		for _, run := range c.Runs {
			runs.WriteString(runRow(c, run))
		}
	}
	for _, arm := range settings(r, cni) {
		fmt.Fprintf(&about, "- **%s**: %s.\n", arm.Arm, cell(strings.Join(arm.Settings, "; ")))
	}
	text := fmt.Sprintf("%s, node image `%s`.\n\n%s%s%s", cell(machine(r)), images[0], chartOf(r, cni), summaryHead, table.String())
	if line := growth(r, cni); line != "" {
		text += "\nWith " + cni + ", " + line + " (least squares over the medians).\n"
	}
	return text + "\nSettings:\n\n" + about.String() + "\n<details><summary>Every run</summary>\n\n" + runsHead + runs.String() + "\n</details>\n"
}

func summaryRow(c *compare.Case, s compare.Summary) string {
	if s.Runs == 0 {
		return fmt.Sprintf("| %d | %s | 0 | | | | | | | | | | | |\n", c.Nodes, s.Arm)
	}
	var cpu, daemons, client []float64
	for _, run := range c.Counted(s.Arm) {
		cpu, client = append(cpu, run.CPU.Nodes), append(client, run.CPU.Client)
		if run.CPU.Daemons != nil {
			daemons = append(daemons, *run.CPU.Daemons)
		}
	}
	ofDaemons := "?"
	if len(daemons) > 0 {
		ofDaemons = fmt.Sprintf("%.1f", compare.SpreadOf(daemons).Median)
	}
	ratio, ends := ratio(s)
	return fmt.Sprintf(
		"| %d | %s | %d | %.1f | **%.1f** | %.1f to %.1f | %s | %s | %.1f | %s | %.1f | %s | %.1f | %.2f |\n",
		c.Nodes,
		s.Arm,
		s.Runs,
		s.Done.Median,
		s.Finish.Median,
		s.Finish.Min,
		s.Finish.Max,
		ratio,
		ends,
		compare.SpreadOf(cpu).Median,
		ofDaemons,
		compare.SpreadOf(client).Median,
		gibibytes(s.PeakMemory.Median),
		s.Bound.Median,
		s.OverBound.Median,
	)
}

func runRow(c *compare.Case, run compare.Trial) string {
	round := fmt.Sprint(run.Round)
	if run.Round == 0 {
		round = "warm-up"
	}
	if run.Error != "" {
		return fmt.Sprintf("| %d | %s | %s | | | | | | | | failed: %s |\n", c.Nodes, round, run.Arm, cell(firstLine(run.Error)))
	}
	return fmt.Sprintf("| %d | %s | %s | %.1f | %.1f | %.1f | %s | %.1f | %s | %s | |\n", c.Nodes, round, run.Arm, run.Done, run.Finish,
		run.CPU.Nodes, known(run.CPU.Daemons), run.CPU.Client, known(run.CPU.Machine), gibibytes(float64(run.PeakMemory)))
}

// known is an amount of seconds that may be unknown.
func known(seconds *float64) string {
	if seconds == nil {
		return "?"
	}
	return fmt.Sprintf("%.1f", *seconds)
}

// cell is text in a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", "<br>", "<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
