package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/internal/timeline"
)

// trace is a recorded timeline, with what is hard to draw.
func trace(t *testing.T) (recorded timeline.Timeline) {
	t.Helper()
	data, err := os.ReadFile("testdata/trace/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	return recorded
}

func TestTimeline(t *testing.T) {
	recorded := trace(t)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"trace.json": func(out *bytes.Buffer) error { return Trace(out, recorded) },
		"chart.html": func(out *bytes.Buffer) error { return Chart(out, recorded) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/trace/"+name, out.Bytes())
	}
}

// TestChartNeedsNothingElse wants a page that opens anywhere, and shows text of a
// cluster as text.
func TestChartNeedsNothingElse(t *testing.T) {
	recorded := trace(t)
	recorded.Error = "<script>alert(1)</script>"
	recorded.Spans = append(recorded.Spans, timeline.Span{Lane: timeline.Phase, ID: "x", Title: `"><img src=x>`, Message: "</table>", Outcome: timeline.Done})
	var out bytes.Buffer
	if err := Chart(&out, recorded); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "src=", "http:", "https:", "@import", "url(", "ZgotmplZ"} {
		if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(out.String(), "&lt;img src=x", ""), `&#34;&gt;&lt;img src=x`, ""), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(out.String(), "</table>"); n != 1 {
		t.Errorf("the page ends its table %d times", n)
	}
}

func TestLongest(t *testing.T) {
	for want, spans := range map[string][]timeline.Span{
		"": nil,
		"create 20s, verify 1.2s": {
			{Lane: timeline.Phase, ID: "verify", End: 1234 * time.Millisecond}, {Lane: timeline.Phase, ID: "create", End: 20 * time.Second},
		},
	} {
		if got := Longest(spans); got != want {
			t.Errorf("the longest are %q, want %q", got, want)
		}
	}
}

func TestHeadline(t *testing.T) {
	for want, told := range map[string]timeline.Timeline{
		"Cluster lab with Calico, 3 nodes: up after 47s": {Cluster: "lab", CNI: "calico", ControlPlanes: 1, Workers: 2, Duration: 47 * time.Second},
		"Cluster a with no CNI, 1 node: failed after 2s": {Cluster: "a", CNI: "none", ControlPlanes: 1, Duration: 2 * time.Second, Error: "x"},
	} {
		if got := headline(told); got != want {
			t.Errorf("the headline is %q, want %q", got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for total, want := range map[time.Duration][2]string{
		time.Second: {"1 s", "1 s"}, 47 * time.Second: {"5 s", "45 s"}, 4 * time.Minute: {"30 s", "240 s"}, 3 * time.Hour: {"600 s", "10800 s"},
	} {
		ticks := scale{total}.ticks()
		if got := [2]string{ticks[1].Label, ticks[len(ticks)-1].Label}; got != want {
			t.Errorf("%v: the ticks go from %s to %s, want %v", total, got[0], got[1], want)
		}
	}
}
