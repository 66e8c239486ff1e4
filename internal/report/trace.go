package report

import (
	"io"
	"time"

	"github.com/kindctl/kindctl/internal/timeline"
)

// traceFile is the object form of the Trace Event Format, which Perfetto and
// chrome://tracing open.
type traceFile struct {
	DisplayTimeUnit string       `json:"displayTimeUnit"`
	OtherData       traceCluster `json:"otherData"`
	TraceEvents     []traceEvent `json:"traceEvents"`
}

// traceCluster says what the trace is of.
type traceCluster struct {
	Cluster       string    `json:"cluster"`
	CNI           string    `json:"cni"`
	ControlPlanes int       `json:"controlPlanes"`
	Workers       int       `json:"workers"`
	Started       time.Time `json:"started"`
	Seconds       float64   `json:"seconds"`
	Error         string    `json:"error,omitempty"`
}

// traceEvent is a complete event (X), or metadata (M) that names a process or a thread.
type traceEvent struct {
	Type     string         `json:"ph"`
	Category timeline.Lane  `json:"cat,omitempty"`
	Name     string         `json:"name"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Start    float64        `json:"ts"` // microseconds, as Duration
	Duration float64        `json:"dur"`
	Args     map[string]any `json:"args"`
}

// Trace writes a timeline in the Trace Event Format: a process for each group of
// rows, a thread for each row.
func Trace(out io.Writer, t timeline.Timeline) error {
	file := traceFile{
		DisplayTimeUnit: "ms", TraceEvents: []traceEvent{},
		OtherData: traceCluster{t.Cluster, t.CNI, t.ControlPlanes, t.Workers, t.Started, t.Duration.Seconds(), t.Error},
	}
	thread := 0
	for process, group := range groupsOf(t) {
		if len(group.rows) > 0 {
			file.describe("process_name", process+1, 0, map[string]any{"name": group.title})
			file.describe("process_sort_index", process+1, 0, map[string]any{"sort_index": process})
		}
		for _, row := range group.rows {
			for _, spans := range apart(row.spans) {
				thread++
				file.describe("thread_name", process+1, thread, map[string]any{"name": row.label})
				for _, span := range spans {
					file.TraceEvents = append(file.TraceEvents, traceEvent{
						Type: "X", Category: span.Lane, Name: traceName(span), Process: process + 1, Thread: thread,
						Start: microseconds(span.Start), Duration: microseconds(span.Took()), Args: traceArgs(span),
					})
				}
			}
		}
	}
	return JSON(out, file)
}

func (f *traceFile) describe(name string, process, thread int, args map[string]any) {
	f.TraceEvents = append(f.TraceEvents, traceEvent{Type: "M", Name: name, Process: process, Thread: thread, Args: args})
}

// apart distributes spans, which are sorted by their start, so that those of one
// thread do not overlap: Perfetto shows no others.
func apart(spans []timeline.Span) (threads [][]timeline.Span) {
next:
	for _, span := range spans {
		for i, thread := range threads {
			if thread[len(thread)-1].End <= span.Start {
				threads[i] = append(thread, span)
				continue next
			}
		}
		threads = append(threads, []timeline.Span{span})
	}
	return threads
}

func traceName(span timeline.Span) string {
	if span.Stage != "" {
		return span.Title + ", " + span.Stage
	}
	return span.Title
}

func traceArgs(span timeline.Span) map[string]any {
	args := map[string]any{"id": span.ID, "outcome": span.Outcome}
	for name, text := range map[string]string{"node": span.Node, "stage": span.Stage, "message": span.Message} {
		if text != "" {
			args[name] = text
		}
	}
	for name, coarse := range map[string]bool{"startCoarse": span.StartCoarse, "endCoarse": span.EndCoarse} {
		if coarse {
			args[name] = true
		}
	}
	return args
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
