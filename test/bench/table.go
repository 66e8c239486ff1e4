package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kindctl/kindctl/test/bench/compare"
)

// writeTable writes a benchmark for people: a table for each case, every run, and the
// settings of the arms.
func writeTable(out io.Writer, r *compare.Result) {
	fmt.Fprintln(out, machine(r))
	for _, c := range r.Cases {
		fmt.Fprintf(out, "\n%s with %s, %s\n", nodeCount(c.Nodes), c.CNI, c.Image)
		caseTable(out, c)
		for _, arm := range c.Arms {
			fmt.Fprintf(out, "  every run of %s: %s\n", arm.Arm, everyRun(c, arm.Arm))
		}
	}
	for _, cni := range r.CNIs() {
		if line := growth(r, cni); line != "" {
			fmt.Fprintf(out, "\n%s: %s\n", cni, line)
		}
		for _, arm := range settings(r, cni) {
			fmt.Fprintf(out, "\n%s, arm %s:\n", cni, arm.Arm)
			for _, line := range arm.Settings {
				fmt.Fprintln(out, "  "+line)
			}
		}
	}
}

// caseTable writes the summary of a case.
func caseTable(out io.Writer, c *compare.Case) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  arm\truns\tdone\tworks\t\tto "+c.Arms[0].Arm+"\t\tCPU\tmemory\tbound\tworks/bound")
	for _, s := range c.Summary {
		if s.Runs == 0 {
			fmt.Fprintf(table, "  %s\t0\n", s.Arm)
			continue
		}
		ratio, ends := ratio(s)
		fmt.Fprintf(
			table,
			"  %s\t%d\t%.1fs\t%.1fs\t%.1f to %.1f\t%s\t%s\t%.0f s\t%s\t%.1fs\t%.2f\n",
			s.Arm,
			s.Runs,
			s.Done.Median,
			s.Finish.Median,
			s.Finish.Min,
			s.Finish.Max,
			ratio,
			ends,
			s.CPU.Median,
			gibibytes(s.PeakMemory.Median),
			s.Bound.Median,
			s.OverBound.Median,
		)
	}
	table.Flush()
}

// everyRun lists until when each run took, with what became of the others.
func everyRun(c *compare.Case, arm string) string {
	var times []string
	for _, run := range c.Runs {
		switch {
		case run.Arm != arm:
		case run.Error != "":
			times = append(times, "failed ("+firstLine(run.Error)+")")
		case run.Round == 0:
			times = append(times, fmt.Sprintf("(%.1f)", run.Finish))
		default:
			times = append(times, fmt.Sprintf("%.1f", run.Finish))
		}
	}
	return strings.Join(times, " ")
}

// machine is where it was measured, in a line.
func machine(r *compare.Result) string {
	m := r.Machine
	line := fmt.Sprintf("kindctl %s, %s, %d processors, %s of memory, %s, Docker %s, cgroup v%d", m.Kindctl, r.Started.UTC().Format("2006-01-02"),
		m.CPUs, gibibytes(float64(m.MemoryBytes)), m.Architecture, m.Docker, m.Cgroup)
	if m.Load != nil {
		line += fmt.Sprintf(", load before the first run %.2f for each processor", *m.Load)
	}
	return line
}

// ratio is how an arm compares with the first, and the ends of that.
func ratio(s compare.Summary) (median, ends string) {
	if s.Ratio == nil {
		return "", ""
	}
	return fmt.Sprintf("%.2f", s.Ratio.Median), fmt.Sprintf("%.2f to %.2f", s.Ratio.Min, s.Ratio.Max)
}

// growth is what each further node takes, in a sentence, or "" when the numbers of
// nodes do not say.
func growth(r *compare.Result, cni string) string {
	var arms []string
	for _, g := range r.Growth {
		if g.CNI == cni {
			arms = append(arms, fmt.Sprintf("%.1f s with %s", g.PerNode, g.Arm))
		}
	}
	if arms == nil {
		return ""
	}
	return "each further worker takes " + strings.Join(arms, ", ")
}

// settings are those of the arms with a CNI.
func settings(r *compare.Result, cni string) []compare.Settings {
	for _, c := range r.Cases {
		if c.CNI == cni {
			return c.Arms
		}
	}
	return nil
}

func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// gibibytes is an amount of memory; "?" is unknown.
func gibibytes(bytes float64) string {
	if bytes == 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f GiB", bytes/(1<<30))
}

// writeGo writes the runs that count in the format of Go's benchmarks, which
// benchstat compares: benchstat -col /arm FILE.
func writeGo(out io.Writer, r *compare.Result) {
	fmt.Fprintf(out, "goarch: %s\npkg: github.com/kindctl/kindctl\nkindctl: %s\ncpus: %d\n", r.Machine.Architecture, cmp.Or(r.Machine.Kindctl, "unknown"), r.Machine.CPUs)
	for _, c := range r.Cases {
		for _, arm := range c.Arms {
			for _, run := range c.Counted(arm.Arm) {
				fmt.Fprintf(out, "BenchmarkUp/cni=%s/nodes=%d/arm=%s 1 %.0f ns/op %.2f done-sec/op %.2f cpu-sec/op", c.CNI, c.Nodes, arm.Arm, run.Finish*1e9, run.Done, run.CPU.Total())
				if run.PeakMemory > 0 {
					fmt.Fprintf(out, " %d peak-B", run.PeakMemory)
				}
				fmt.Fprintln(out)
			}
		}
	}
}
