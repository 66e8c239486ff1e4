package instant

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kindctl/kindctl/test/bench/compare"
)

// row is a line of the tables of takes and of commands.
type row struct {
	title, what string
	runs        int
	seconds     compare.Spread
	cpu         compare.Spread
	note        string
}

// rows are those of all cases: what was taken from the pool first.
func (r *Result) rows() (rows []row) {
	for _, c := range r.Cases {
		seconds, cpu, verified := c.Counted()
		rows = append(rows, row{c.Title(), "up --pool", len(seconds), compare.SpreadOf(seconds), compare.SpreadOf(cpu),
			fmt.Sprintf("%d of %d passed every check afterwards", verified, len(c.Takes))})
	}
	for _, c := range r.Cases {
		for _, command := range c.Commands {
			seconds, cpu := command.Counted()
			next := row{c.Title(), command.Name, len(seconds), compare.SpreadOf(seconds), compare.SpreadOf(cpu), ""}
			if up := c.median("up"); up > 0 && command.Name != "up" && next.runs > 0 {
				next.note = fmt.Sprintf("%.2f of up", next.seconds.Median/up)
			}
			rows = append(rows, next)
		}
	}
	return rows
}

// median is that of a command's seconds; 0 is unknown.
func (c *Case) median(name string) float64 {
	for _, command := range c.Commands {
		if command.Name == name {
			seconds, _ := command.Counted()
			return compare.SpreadOf(seconds).Median
		}
	}
	return 0
}

// facts are sentences on what is in no table.
func (r *Result) facts() (lines []string) {
	for _, c := range r.Cases {
		if f := c.Frozen; f != nil {
			line := fmt.Sprintf("%s: frozen, all %d nodes together take %.2f CPU-s per minute", c.Title(), f.Nodes, f.CPUPerMinute)
			if f.MemoryBytes > 0 {
				line += fmt.Sprintf(" and keep %.2f GiB of memory", float64(f.MemoryBytes)/(1<<30))
			}
			lines = append(lines, line)
		}
		if c.ArchiveBytes > 0 {
			lines = append(lines, fmt.Sprintf("%s: the file of a snapshot of the new cluster has %.1f MB", c.Title(), float64(c.ArchiveBytes)/1e6))
		}
	}
	return lines
}

// WriteTable writes a result for people.
func WriteTable(out io.Writer, r *Result, machine string) {
	fmt.Fprintf(out, "%s; clusters of %d nodes\n", machine, r.Nodes)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  case\tcommand\truns\tmedian\tleast\tlongest\tCPU\t")
	for _, row := range r.rows() {
		fmt.Fprintf(table, "  %s\t%s\t%d\t%.1fs\t%.1fs\t%.1fs\t%.1f s\t%s\n", row.title, row.what, row.runs, row.seconds.Median, row.seconds.Min,
			row.seconds.Max, row.cpu.Median, row.note)
	}
	table.Flush()
	for _, line := range r.facts() {
		fmt.Fprintln(out, "  "+line)
	}
	for _, failure := range r.Failures() {
		fmt.Fprintln(out, "  failed: "+failure)
	}
}

// Section is a result as Markdown.
func Section(r *Result, machine string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s; clusters of %d nodes, one of them a control plane.\n\n", machine, r.Nodes)
	text.WriteString("| CNI, proxy mode | command | runs | median (s) | least to most (s) | CPU-s, median | |\n|---|---|--:|--:|--:|--:|---|\n")
	for _, row := range r.rows() {
		fmt.Fprintf(&text, "| %s | `%s` | %d | **%.1f** | %.1f to %.1f | %.1f | %s |\n", row.title, row.what, row.runs, row.seconds.Median, row.seconds.Min,
			row.seconds.Max, row.cpu.Median, row.note)
	}
	text.WriteString("\nSeconds are those from the start of the command until it returns; CPU-s are those of the nodes, of Docker's daemons and of the command in that time. " +
		"`up --pool`, `reset` and `up --from` end with the checks that are not slow, `up` and `start` with all of them.\n\n")
	for _, line := range r.facts() {
		text.WriteString("- " + line + ".\n")
	}
	for _, failure := range r.Failures() {
		first, _, _ := strings.Cut(failure, "\n")
		text.WriteString("- Failed: " + first + ".\n")
	}
	return text.String()
}
