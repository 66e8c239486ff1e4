package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kindctl/kindctl/test/bench/compare"
)

// chartColumns is how long the longest bar is.
const chartColumns = 50

// chartOf draws until when each arm's clusters worked with a CNI, as bars of
// characters, which every reader of Markdown shows.
func chartOf(r *compare.Result, cni string) string {
	var longest float64
	var names int
	for _, c := range r.Cases {
		for _, s := range c.Summary {
			if c.CNI == cni && s.Runs > 0 {
				longest, names = max(longest, s.Finish.Median), max(names, utf8.RuneCountInString(s.Arm))
			}
		}
	}
	var chart strings.Builder
	for _, c := range r.Cases {
		if c.CNI != cni {
			continue
		}
		label := nodeCount(c.Nodes)
		for _, s := range c.Summary {
			if s.Runs > 0 {
				fmt.Fprintf(&chart, "%-8s  %-*s  %s %.1f s\n", label, names, s.Arm, bar(s.Finish.Median/longest*chartColumns), s.Finish.Median)
				label = ""
			}
		}
	}
	if chart.Len() == 0 {
		return ""
	}
	return "Until the cluster works, median:\n\n```text\n" + chart.String() + "```\n\n"
}

// bar is so many columns long, to the nearest half.
func bar(columns float64) string {
	halves := int(2*columns + 0.5)
	return strings.Repeat("█", halves/2) + strings.Repeat("▌", halves%2)
}
