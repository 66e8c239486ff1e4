package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// diagnostics are what is kept of a cluster in which something failed.
type diagnostics struct {
	dir    string
	name   string // the cluster's
	client *kindctl.Client
}

// diagnosticsDir is where they are by default.
func diagnosticsDir(cluster string) string { return "kindctl-diagnostics-" + cluster }

// diagnosticsTimeout bounds everything that is asked of the cluster.
const diagnosticsTimeout = 2 * time.Minute

// prepare finds out now whether the directory can be written later. An empty
// one that nothing came into is removed by tidy.
func (d diagnostics) prepare() error {
	if err := diagnose.PrepareDir(d.dir); err != nil {
		return hint.ArtifactsUnwritable.Wrap(err, "cannot write to "+d.dir,
			"correct the permissions, or name another directory with --artifacts")
	}
	return nil
}

// tidy removes the directory if nothing is in it.
func (d diagnostics) tidy() { _ = os.Remove(d.dir) }

// verified writes the diagnostics with a verification of its own, which says
// whether the cluster failed or the command.
func (d diagnostics) verified(ctx context.Context, sink event.Sink, failure error) (advice string) {
	return d.write(ctx, sink, failure, func(ctx context.Context) verify.Report {
		cluster := kindctl.ClusterRef{Name: d.name}
		verdict, _ := d.client.WithSink(nil).Verify(ctx, kindctl.VerifyOptions{Cluster: cluster}) // its error is in the verdict
		return verdict
	})
}

// write writes the diagnostics and returns where they are, as advice.
func (d diagnostics) write(
	ctx context.Context, sink event.Sink, failure error, verdictOf func(context.Context) verify.Report,
) (advice string) {
	ctx, cancel := context.WithTimeout(ctx, diagnosticsTimeout)
	defer cancel()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "diagnose", Title: "Collect diagnostics", Estimate: diagnosticsEstimate})
	dir, err := diagnose.EmptyDir(d.dir)
	if err != nil {
		span.Failed(err.Error(), "name another directory with --artifacts")
		return ""
	}
	// The state comes first: a verification adds events and pods of its own.
	problems := d.client.WithSink(nil).Diagnose(ctx, kindctl.DiagnoseOptions{Name: d.name, Dir: dir})
	verdict := verdictOf(ctx)
	verdict.Cluster = kindctl.Context(d.name)
	if err := keep(dir, verdict, failure); err != nil {
		problems = append(problems, "report: "+err.Error())
	}
	for _, problem := range problems {
		event.Warn(sink, event.Phase, "diagnose", "not everything could be kept: "+problem, "")
	}
	message := dir
	if len(verdict.Results) > 0 {
		message = fmt.Sprintf("%s (checks of the cluster: %s)", dir, report.Summary(verdict))
	}
	span.Done(message)
	return "look into " + dir
}

// diagnosticsEstimate is how long it takes on two cores.
const diagnosticsEstimate = 15 * time.Second

// keep writes report.json and failure.txt.
func keep(dir string, verdict verify.Report, failure error) error {
	result := report.CommandResult{Command: "run", Started: time.Now(), Report: verdict, Err: failure}
	return errors.Join(
		into(filepath.Join(dir, "report.json"), func(file *os.File) error { return report.WriteJSON(file, result) }),
		into(filepath.Join(dir, "failure.txt"), func(file *os.File) error { console.Failure(file, failure, console.Style{}); return nil }),
	)
}

func into(path string, write func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
