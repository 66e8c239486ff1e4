package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/kindctl/kindctl/internal/timeline"
)

// chartGroup is a part of the chart with a heading.
type chartGroup struct {
	Title string
	Rows  []chartRow
}

// chartRow is a line of the chart.
type chartRow struct {
	Label, Time string
	Bars        []chartBar
}

// chartBar is a span; one that took no time is a mark.
type chartBar struct {
	Class    string
	X, Width float64
	Mark     bool
	Says     string
}

// legendEntry explains a color, which is that of a class.
type legendEntry struct {
	Class, Says string
}

var legend = []legendEntry{
	{"phase", "phase, or milestone"}, {"step", "step of making nodes"},
	{"container", "container"}, {"systemd", "systemd"}, {"containerd", "containerd"},
	{"kubelet", "kubelet, until registered"}, {"ready", "registered, until Ready"},
	{"scheduled", "pod scheduled"}, {"started", "pod started, until ready"},
	{"check", "check"}, {"bad", "failed or unfinished"},
}

// spanGroup is a part of a timeline with a heading.
type spanGroup struct {
	title string
	rows  []spanRow
}

// spanRow are the spans of one subject.
type spanRow struct {
	label string
	spans []timeline.Span
}

// groupsOf sorts spans into rows.
func groupsOf(t timeline.Timeline) []spanGroup {
	rows := func(title string, wanted func(timeline.Span) bool, label func(timeline.Span) (key, label string)) spanGroup {
		group := spanGroup{title: title}
		var keys []string
		for _, span := range t.Spans {
			if !wanted(span) {
				continue
			}
			key, text := label(span)
			at := slices.Index(keys, key)
			if at < 0 {
				at = len(keys)
				keys, group.rows = append(keys, key), append(group.rows, spanRow{label: text})
			}
			group.rows[at].spans = append(group.rows[at].spans, span)
		}
		return group
	}
	inLane := func(lane timeline.Lane) func(timeline.Span) bool {
		return func(span timeline.Span) bool { return span.Lane == lane }
	}
	title := func(span timeline.Span) (string, string) { return span.ID + span.Start.String(), span.Title }
	groups := []spanGroup{
		rows("The cluster, from the first node or pod to the last", inLane(timeline.Cluster), title),
		rows("Phases", inLane(timeline.Phase), title),
		rows("Steps of kind", inLane(timeline.Step), title),
		rows("Nodes", inLane(timeline.Node), func(span timeline.Span) (string, string) { return span.Node, span.Node }),
	}
	for _, node := range nodesOf(t) {
		groups = append(groups, rows("System pods on "+node, func(span timeline.Span) bool { return span.Lane == timeline.Pod && span.Node == node },
			func(span timeline.Span) (string, string) { return span.ID, span.Title }))
	}
	return append(groups, rows("Checks", inLane(timeline.Check), func(span timeline.Span) (string, string) { return span.ID, span.ID }))
}

// chartGroups draws the rows of a timeline.
func chartGroups(t timeline.Timeline, s scale) (groups []chartGroup) {
	for _, group := range groupsOf(t) {
		drawn := chartGroup{Title: group.title}
		for _, row := range group.rows {
			line := chartRow{Label: row.label}
			for _, span := range row.spans {
				if span.Took() > 0 || !left(span.Outcome) {
					line.add(span, s)
				}
			}
			if len(line.Bars) > 0 {
				drawn.Rows = append(drawn.Rows, line)
			}
		}
		if len(drawn.Rows) > 0 {
			groups = append(groups, drawn)
		}
	}
	return groups
}

// left lists what was left out, which only the table has.
func left(outcome string) bool {
	return slices.Contains([]string{timeline.Skipped, "SKIP", "BLOCKED"}, outcome)
}

// nodesOf are the nodes that have pods, sorted.
func nodesOf(t timeline.Timeline) []string {
	var names []string
	for _, span := range t.Spans {
		if span.Lane == timeline.Pod {
			names = append(names, span.Node)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// add adds a span to a row. The row shows when the last of them ended or, where
// that is what matters, how long it took.
func (r *chartRow) add(span timeline.Span, s scale) {
	bar := chartBar{Class: string(span.Lane), X: s.of(span.Start), Width: s.of(span.Took()), Mark: span.Took() < 10*time.Millisecond}
	r.Time = clock(span.Took()) + " s"
	subject := span.Title
	switch span.Lane {
	case timeline.Cluster:
		bar.Class, r.Time = "phase", when(span)
	case timeline.Node:
		bar.Class, r.Time = span.ID, when(span)
	case timeline.Pod:
		bar.Class, r.Time, subject = span.Stage, when(span), span.ID+" "+span.Stage
	}
	if !slices.Contains([]string{timeline.Done, "PASS", "WARN"}, span.Outcome) {
		bar.Class = "bad"
	}
	bar.Says = fmt.Sprintf("%s: %s to %s s, %s", subject, clock(span.Start), clock(span.End), span.Outcome)
	r.Bars = append(r.Bars, bar)
}

// when is the time at which a span ended, if it did.
func when(span timeline.Span) string {
	switch {
	case span.Outcome == timeline.Unfinished:
		return span.Outcome
	case span.EndCoarse:
		return "at ~" + clock(span.End) + " s"
	}
	return "at " + clock(span.End) + " s"
}
