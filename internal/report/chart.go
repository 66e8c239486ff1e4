package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/timeline"
)

//go:embed chart.html
var chartPage string

var chartTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{
	"seconds": clock, "took": func(s timeline.Span) string { return clock(s.Took()) }, "percent": func(f float64) string { return fmt.Sprintf("%.2f%%", f) },
}).Parse(chartPage))

// Chart writes a timeline as one HTML page that needs nothing else: a chart and a
// table of the same. It works without scripts.
func Chart(out io.Writer, t timeline.Timeline) error {
	scale := scaleOf(t)
	return chartTemplate.Execute(out, struct {
		timeline.Timeline
		Headline, Longest string
		Ticks             []tick
		Groups            []chartGroup
		Legend            []legendEntry
	}{t, headline(t), Longest(t.Spans), scale.ticks(), chartGroups(t, scale), legend})
}

// Longest names the three phases that took longest: "create 20s, verify 18s".
func Longest(spans []timeline.Span) string {
	var words []string
	for _, span := range timeline.Longest(spans, 3) {
		words = append(words, fmt.Sprintf("%s %v", span.ID, console.Round(span.Took())))
	}
	return strings.Join(words, ", ")
}

// headline says which cluster this is, and how it ended.
func headline(t timeline.Timeline) string {
	cni := "no CNI"
	if t.CNI != "none" {
		cni = strings.ToUpper(t.CNI[:1]) + t.CNI[1:]
	}
	nodes := fmt.Sprintf("%d nodes", t.ControlPlanes+t.Workers)
	if t.ControlPlanes+t.Workers == 1 {
		nodes = "1 node"
	}
	end := "up after"
	if t.Error != "" {
		end = "failed after"
	}
	return fmt.Sprintf("Cluster %s with %s, %s: %s %v", t.Cluster, cni, nodes, end, console.Round(t.Duration))
}

// clock is a time of the chart.
func clock(d time.Duration) string {
	return fmt.Sprintf("%.2f", d.Seconds())
}
