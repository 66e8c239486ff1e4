package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/timeline"
)

// traced writes a timeline and reads it back as any reader of the format does.
func traced(t *testing.T, recorded timeline.Timeline) (events []map[string]any, other map[string]any) {
	t.Helper()
	var out bytes.Buffer
	if err := Trace(&out, recorded); err != nil {
		t.Fatal(err)
	}
	var file struct {
		TraceEvents []map[string]any
		OtherData   map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	return file.TraceEvents, file.OtherData
}

// TestTraceKeepsToTheFormat: every span is one complete event on a thread that has a
// name, in a process that has one, and those of a thread do not overlap.
func TestTraceKeepsToTheFormat(t *testing.T) {
	recorded := trace(t)
	events, other := traced(t, recorded)
	names, ends, spans := map[string]bool{}, map[string]float64{}, 0
	for _, e := range events {
		process, thread := fmt.Sprint(e["pid"]), fmt.Sprint(e["pid"], "/", e["tid"])
		switch e["ph"] {
		case "M":
			if e["name"] == "process_name" {
				names[process] = true
			}
			if e["name"] == "thread_name" {
				names[thread] = true
			}
		case "X":
			spans++
			start, took := e["ts"].(float64), e["dur"].(float64)
			args := e["args"].(map[string]any)
			if start < ends[thread] || took < 0 || !names[process] || !names[thread] || e["name"] == "" || args["id"] == "" || args["outcome"] == "" {
				t.Errorf("%v; the thread's last event ended at %v", e, ends[thread])
			}
			ends[thread] = start + took
		default:
			t.Errorf("an event of type %v", e["ph"])
		}
	}
	if spans != len(recorded.Spans) {
		t.Errorf("%d events are told of %d spans", spans, len(recorded.Spans))
	}
	if other["cluster"] != recorded.Cluster || other["error"] != recorded.Error || other["seconds"] != recorded.Duration.Seconds() {
		t.Errorf("%v", other)
	}
}

func TestTraceOfNothing(t *testing.T) {
	events, other := traced(t, timeline.Timeline{Cluster: "lab", CNI: "none", ControlPlanes: 1, Error: "Docker does not answer"})
	if events == nil || len(events) > 0 || other["error"] != "Docker does not answer" {
		t.Errorf("%v, %v", events, other)
	}
}

// TestTraceOfOverlaps: what begins on a node before something else has ended gets a
// thread of its own.
func TestTraceOfOverlaps(t *testing.T) {
	node := func(id string, start, end time.Duration) timeline.Span {
		return timeline.Span{
			Lane:      timeline.Node,
			ID:        id,
			Title:     id,
			Node:      "a",
			Start:     start * time.Second,
			End:       end * time.Second,
			EndCoarse: id == "c",
			Outcome:   timeline.Done,
		}
	}
	events, _ := traced(t, timeline.Timeline{Spans: []timeline.Span{node("a", 0, 2), node("b", 1, 4), node("c", 2, 3)}})
	threads := map[any]any{}
	for _, e := range events {
		if args := e["args"].(map[string]any); e["ph"] == "X" {
			threads[args["id"]] = e["tid"]
			if args["endCoarse"] != nil != (args["id"] == "c") || args["node"] != "a" {
				t.Errorf("%v", e)
			}
		}
	}
	if threads["a"] == threads["b"] || threads["a"] != threads["c"] {
		t.Errorf("the threads are %v", threads)
	}
}
