package timeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
)

const s = time.Second

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// happened is an event at a time after the start.
func happened(at time.Duration, kind event.Kind, scope event.Scope, id, message string) event.Event {
	return event.Event{Time: start.Add(at), Kind: kind, Scope: scope, ID: id, Title: "T " + id, Message: message}
}

func TestSpansOfEvents(t *testing.T) {
	tests := []struct {
		name   string
		events []event.Event
		want   []Span
	}{
		{"nothing", nil, nil},
		{
			"phases overlap, and each ends by itself",
			[]event.Event{
				happened(0, event.Started, event.Phase, "create", ""),
				happened(5*s, event.Started, event.Phase, "cni", ""),
				happened(6*s, event.Done, event.Phase, "cni", "calico"),
				happened(9*s, event.Done, event.Phase, "create", "3 nodes"),
			},
			[]Span{
				{Lane: Phase, ID: "create", Title: "T create", End: 9 * s, Outcome: Done, Message: "3 nodes"},
				{Lane: Phase, ID: "cni", Title: "T cni", Start: 5 * s, End: 6 * s, Outcome: Done, Message: "calico"},
			},
		},
		{
			"a step lasts beyond the phase that it began in",
			[]event.Event{
				happened(0, event.Started, event.Phase, "create", ""),
				happened(1*s, event.Started, event.Step, "preparing-nodes", ""),
				happened(1*s, event.Progress, event.Phase, "create", "Preparing nodes"),
				happened(3*s, event.Done, event.Step, "preparing-nodes", ""),
				happened(3*s, event.Started, event.Step, "joining-worker-nodes", ""),
				happened(4*s, event.Done, event.Phase, "create", ""),
				happened(8*s, event.Done, event.Step, "joining-worker-nodes", ""),
			},
			[]Span{
				{Lane: Phase, ID: "create", Title: "T create", End: 4 * s, Outcome: Done},
				{Lane: Step, ID: "preparing-nodes", Title: "T preparing-nodes", Start: 1 * s, End: 3 * s, Outcome: Done},
				{Lane: Step, ID: "joining-worker-nodes", Title: "T joining-worker-nodes", Start: 3 * s, End: 8 * s, Outcome: Done},
			},
		},
		{
			"a failure, and what the command did not wait for",
			[]event.Event{
				happened(0, event.Started, event.Phase, "create", ""),
				happened(1*s, event.Started, event.Step, "preparing-nodes", ""),
				happened(2*s, event.Failed, event.Phase, "create", "interrupted"),
				happened(2*s, event.Started, event.Phase, "undo-create", ""),
			},
			[]Span{
				{Lane: Phase, ID: "create", Title: "T create", End: 2 * s, Outcome: Failed, Message: "interrupted"},
				{Lane: Step, ID: "preparing-nodes", Title: "T preparing-nodes", Start: 1 * s, End: 10 * s, Outcome: Unfinished},
				{Lane: Phase, ID: "undo-create", Title: "T undo-create", Start: 2 * s, End: 10 * s, Outcome: Unfinished},
			},
		},
		{
			"what happens twice is told twice",
			[]event.Event{
				happened(0, event.Started, event.Step, "preparing-nodes", ""),
				happened(1*s, event.Failed, event.Step, "preparing-nodes", ""),
				happened(2*s, event.Started, event.Step, "preparing-nodes", ""),
				happened(3*s, event.Done, event.Step, "preparing-nodes", ""),
			},
			[]Span{
				{Lane: Step, ID: "preparing-nodes", Title: "T preparing-nodes", End: 1 * s, Outcome: Failed},
				{Lane: Step, ID: "preparing-nodes", Title: "T preparing-nodes", Start: 2 * s, End: 3 * s, Outcome: Done},
			},
		},
		{
			"a check has its verdict; one that never began takes no time",
			[]event.Event{
				happened(1*s, event.Started, event.Check, "net.pods", ""),
				with(happened(3*s, event.Failed, event.Check, "net.pods", "timeout"), "FAIL", 2*s),
				with(happened(3*s, event.Skipped, event.Check, "dns.records", "needs net.pods"), "BLOCKED", 0),
			},
			[]Span{
				{Lane: Check, ID: "net.pods", Title: "T net.pods", Start: 1 * s, End: 3 * s, Outcome: "FAIL", Message: "timeout"},
				{Lane: Check, ID: "dns.records", Title: "T dns.records", Start: 3 * s, End: 3 * s, Outcome: "BLOCKED", Message: "needs net.pods"},
			},
		},
		{
			"images, notes and warnings are no spans",
			[]event.Event{
				happened(1*s, event.Started, event.Image, "x", ""),
				happened(1*s, event.Note, event.Phase, "retain", "kept"),
				happened(1*s, event.Warning, event.Phase, "create", "old"),
			},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Spans(tt.events, start, start.Add(10*s))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func with(e event.Event, outcome string, elapsed time.Duration) event.Event {
	e.Outcome, e.Elapsed = outcome, elapsed
	return e
}

func TestLongest(t *testing.T) {
	phase := func(id string, from, to time.Duration) Span { return Span{Lane: Phase, ID: id, Start: from, End: to} }
	spans := []Span{
		phase("preflight", 0, s/20), phase("create", s, 21*s), phase("nodes", 21*s, 25*s), phase("verify", 20*s, 38*s), phase("workloads", 24*s, 42*s),
		{Lane: Check, ID: "dns.records", End: 60 * s},
	}
	ids := func(spans []Span) (ids []string) {
		for _, span := range spans {
			ids = append(ids, span.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{"create", "verify", "workloads"}, ids(Longest(spans, 3))); diff != "" {
		t.Errorf("three (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"create", "verify", "workloads", "nodes"}, ids(Longest(spans, 9))); diff != "" {
		t.Errorf("all worth telling (-want +got):\n%s", diff)
	}
	if spans[0].ID != "preflight" {
		t.Error("Longest has sorted its caller's spans")
	}
}
