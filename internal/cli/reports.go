package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/internal/timeline"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// reportFormats are what --report can write.
var reportFormats = []string{"junit", "json", "events"}

func reportFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "report", Usage: "write a report to a file: `FORMAT=FILE`, comma-separated or repeated; formats: " + strings.Join(reportFormats, ", ")}
}

// reports are the files that --report names and, in GitHub Actions, annotations
// and the step's summary: everything that is told once a command has ended, or
// while it runs, beside the display.
type reports struct {
	result  report.CommandResult
	files   []*reportFile
	events  event.Recorder
	trace   *trace
	log     io.Writer // where GitHub reads annotations; nil is elsewhere
	summary string    // the step's summary, or ""
}

type reportFile struct {
	format string
	*os.File
	lines *report.Events // of format events
}

// openReports makes the files that the flags name, before anything else is
// made. What they held is gone: an old report must not be taken for a new one.
func openReports(c *cli.Context, command string) (*reports, error) {
	r := &reports{result: report.CommandResult{Command: command, Started: time.Now()}}
	if inGitHub(c) {
		r.log, r.summary = c.App.ErrWriter, os.Getenv("GITHUB_STEP_SUMMARY")
	}
	var err error
	if r.trace, err = newTrace(c); err != nil {
		return nil, err
	}
	var paths []string
	for _, report := range c.StringSlice("report") {
		format, path, _ := strings.Cut(report, "=")
		switch path = strings.TrimSpace(path); {
		case path == "":
			return nil, hint.BadFlag.New(fmt.Sprintf("--report %q names no file", report), "write it as --report junit=report.xml")
		case !slices.Contains(reportFormats, format):
			return nil, hint.BadFlag.New(fmt.Sprintf("there is no report format %q%s", format, hint.Nearest(format, reportFormats)), "use one of: "+strings.Join(reportFormats, ", "))
		case slices.Contains(paths, filepath.Clean(path)):
			return nil, hint.BadFlag.New(fmt.Sprintf("two reports would go to %s", path), "give each a file of its own")
		}
		paths = append(paths, filepath.Clean(path))
		r.files = append(r.files, &reportFile{format: format})
	}
	for i, path := range paths {
		if err := r.files[i].create(path); err != nil {
			r.close()
			return nil, hint.ReportUnwritable.Wrap(err, "the report "+path+" cannot be written", "correct the permissions, or name another file")
		}
	}
	if err := r.trace.create(paths); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (f *reportFile) create(path string) (err error) {
	if err = os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if f.File, err = os.Create(path); err != nil {
		return err
	}
	if f.format == "events" {
		f.lines = report.NewEvents(f.File)
	}
	return nil
}

// follow returns a sink that hands events to the display and to the reports.
func (r *reports) follow(display event.Sink) event.Sink {
	sinks := []event.Sink{display, event.Func(func(e event.Event) {
		if e.Kind != event.Progress { // reports say how things ended
			r.events.Emit(e)
		}
	})}
	for _, file := range r.files {
		if file.lines != nil {
			sinks = append(sinks, file.lines)
		}
	}
	return event.Tee(sinks...)
}

// finish writes the reports and returns the command's error, or else that of a
// report which could not be written.
func (r *reports) finish(verdict verify.Report, err error) error {
	defer r.close()
	r.result.Report, r.result.Err, r.result.Events = verdict, err, r.events.Events()
	failures := []error{r.tellGitHub(), r.trace.finish(r.result)}
	for _, file := range r.files {
		if problem := file.finish(r.result); problem != nil {
			failures = append(failures, hint.ReportFailed.Wrap(problem, "the report "+file.Name()+" could not be written", "see whether the disk is full: df "+file.Name()))
		}
	}
	if problem := errors.Join(failures...); problem != nil {
		return errors.Join(err, problem)
	}
	return err
}

func (f *reportFile) finish(s report.CommandResult) error {
	var err error
	switch f.format {
	case "junit":
		err = report.JUnit(f, s)
	case "json":
		err = report.WriteJSON(f, s)
	case "events":
		err = f.lines.Err()
	}
	return errors.Join(err, f.Close())
}

// close lets go of files that were not finished.
func (r *reports) close() {
	for _, file := range r.files {
		if file.File != nil {
			_ = file.Close() // closed again is no error that matters
		}
	}
	r.trace.close()
}

// longest names the phases that took longest.
func (r *reports) longest() string {
	return report.Longest(timeline.Spans(r.events.Events(), r.result.Started, time.Now()))
}

// tellGitHub annotates what is wrong and adds to the step's summary.
func (r *reports) tellGitHub() error {
	if r.log == nil {
		return nil
	}
	report.Annotations(r.log, r.result.Report)
	report.AnnotateFailure(r.log, "kindctl "+r.result.Command, r.result.Err)
	if r.summary == "" {
		return nil
	}
	file, err := os.OpenFile(r.summary, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		report.Markdown(file, r.result)
		err = file.Close()
	}
	if err != nil {
		return hint.ReportFailed.Wrap(err, "the step's summary could not be written", "see what GITHUB_STEP_SUMMARY names, or unset it")
	}
	return nil
}
