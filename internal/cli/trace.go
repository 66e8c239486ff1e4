package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/internal/timeline"
	"github.com/kindctl/kindctl/pkg/hint"
)

func traceFlag() cli.Flag {
	return &cli.StringFlag{Name: "trace", TakesFile: true, Usage: "write a timeline to `FILE`.json, for Perfetto and chrome://tracing, and a chart of it to FILE.html"}
}

// trace is the timeline that --trace asks for; nil is none.
type trace struct {
	files    []*traceFile
	timeline timeline.Timeline // all but when and what
	facts    timeline.Facts
}

// traceFile is one form of the timeline.
type traceFile struct {
	path  string
	write func(io.Writer, timeline.Timeline) error
	*os.File
}

// newTrace reads the flag. The files are made later.
func newTrace(c *cli.Context) (*trace, error) {
	if !c.IsSet("trace") {
		return nil, nil
	}
	path := filepath.Clean(c.String("trace"))
	extension := filepath.Ext(path)
	if extension != ".json" && extension != ".html" || filepath.Base(path) == extension {
		return nil, hint.BadFlag.New(fmt.Sprintf("--trace %q names neither a .json nor a .html file", c.String("trace")), "name one of the two: --trace up.json writes up.json and up.html")
	}
	stem := strings.TrimSuffix(path, extension)
	return &trace{files: []*traceFile{{path: stem + ".json", write: report.Trace}, {path: stem + ".html", write: report.Chart}}}, nil
}

// create makes the files, none of which may be a report as well.
func (t *trace) create(reports []string) error {
	if t == nil {
		return nil
	}
	for _, file := range t.files {
		if slices.Contains(reports, file.path) {
			return hint.BadFlag.New("a report and the timeline would both go to "+file.path, "give each a file of its own")
		}
	}
	for _, file := range t.files {
		err := os.MkdirAll(filepath.Dir(file.path), 0o755)
		if err == nil {
			file.File, err = os.Create(file.path)
		}
		if err != nil {
			return hint.ReportUnwritable.Wrap(err, "the timeline "+file.path+" cannot be written", "correct the permissions, or name another file")
		}
	}
	return nil
}

// of says which cluster the timeline is about.
func (t *trace) of(topology clusters.Topology) {
	if t != nil {
		t.timeline = timeline.Timeline{
			Cluster:       topology.Name,
			CNI:           topology.CNI,
			ControlPlanes: topology.ControlPlanes,
			Workers:       topology.Workers,
		}
	}
}

// add adds what was observed of the cluster.
func (t *trace) add(facts timeline.Facts) {
	if t != nil {
		t.facts = facts
	}
}

// finish writes what happened.
func (t *trace) finish(s report.CommandResult) error {
	if t == nil {
		return nil
	}
	ended := t.timeline
	ended.Started, ended.Duration = s.Started, time.Since(s.Started)
	ended.Spans = append(timeline.Spans(s.Events, s.Started, s.Started.Add(ended.Duration)), t.facts.Spans(s.Started)...)
	timeline.Sort(ended.Spans)
	if s.Err != nil {
		ended.Error = s.Err.Error()
	}
	var failures []error
	for _, file := range t.files {
		if err := file.finish(ended); err != nil {
			failures = append(failures, hint.ReportFailed.Wrap(err, "the timeline "+file.path+" could not be written", "see whether the disk is full: df "+file.path))
		}
	}
	return errors.Join(failures...)
}

func (f *traceFile) finish(ended timeline.Timeline) error {
	out := bufio.NewWriter(f)
	err := f.write(out, ended)
	return errors.Join(err, out.Flush(), f.Close())
}

// close lets go of files that were not finished.
func (t *trace) close() {
	if t == nil {
		return
	}
	for _, file := range t.files {
		if file.File != nil {
			_ = file.Close() // closed again is no error that matters
		}
	}
}
