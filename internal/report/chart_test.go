package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/timeline"
)

// trace is a recorded timeline, with what is hard to draw.
func trace(t *testing.T) (recorded timeline.Timeline) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "trace", "recorded.json"))
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
		"timeline.json": func(out *bytes.Buffer) error { return Timeline(out, recorded) },
		"chart.html":    func(out *bytes.Buffer) error { return Chart(out, recorded) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("trace", name), out.Bytes())
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

func TestSchemaAcceptsTimelines(t *testing.T) {
	schema := compiled(t, "timeline.schema.json")
	var full, bare bytes.Buffer
	if err := Timeline(&full, trace(t)); err != nil {
		t.Fatal(err)
	}
	if err := Timeline(&bare, timeline.Timeline{Cluster: "lab", CNI: "none", ControlPlanes: 1, Error: "Docker does not answer"}); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"full": full.Bytes(), "bare": bare.Bytes()} {
		if err := schema.Validate(parsed(t, data)); err != nil {
			t.Errorf("a %s timeline: %v", name, err)
		}
	}
	for name, change := range map[string][2]string{
		"another lane":         {`"lane": "phase"`, `"lane": "row"`},
		"another outcome":      {`"outcome": "done"`, `"outcome": "GREEN"`},
		"a time before":        {`"startNanoseconds": 0`, `"startNanoseconds": -1`},
		"a pod without stage":  {`"stage": "scheduled",`, ``},
		"a node without name":  {`"title": "systemd boots",` + "\n      " + `"node": "lab-control-plane",`, `"title": "systemd boots",`},
		"a later schema":       {`"schemaVersion": 1`, `"schemaVersion": 2`},
		"a date without time":  {`"started": "2026-11-23T16:30:00Z"`, `"started": "2026-11-23"`},
		"a span without title": {`"title": "Create the nodes",`, ``},
	} {
		bad := strings.Replace(full.String(), change[0], change[1], 1)
		if bad == full.String() {
			t.Errorf("%s: the timeline has no %s", name, change[0])
			continue
		}
		if schema.Validate(parsed(t, []byte(bad))) == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

func TestTimelineSchemaKnowsEveryProperty(t *testing.T) {
	var schema struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "timeline.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(properties[timeline.Timeline]())), slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("a timeline (-code +schema):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(properties[timeline.Span]())), slices.Sorted(maps.Keys(schema.Defs["span"].Properties))); diff != "" {
		t.Errorf("a span (-code +schema):\n%s", diff)
	}
}
