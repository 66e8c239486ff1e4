package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/health"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

// diagnostics are what is kept of a cluster in which something failed.
type diagnostics struct {
	dir    string
	name   string // the cluster's
	docker *provider.Connection
	sink   event.Sink
}

// diagnosticsTimeout bounds everything that is asked of the cluster.
const diagnosticsTimeout = 2 * time.Minute

// prepare finds out now whether the directory can be written later. An empty
// one that nothing came into is removed by tidy.
func (d diagnostics) prepare() error {
	err := os.MkdirAll(d.dir, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(d.dir, ".kindctl-"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return hint.ArtifactsUnwritable.Wrap(err, "cannot write to "+d.dir, "correct the permissions, or name another directory with --artifacts")
	}
	return nil
}

// tidy removes the directory if nothing is in it.
func (d diagnostics) tidy() { _ = os.Remove(d.dir) }

// verified writes the diagnostics with a verification of its own, which tells
// whether the cluster failed or the command. A nil client leaves it out.
func (d diagnostics) verified(ctx context.Context, client *kube.Client, failure error) (advice string) {
	return d.write(ctx, client, failure, func(ctx context.Context) verify.Report {
		if client == nil {
			return verify.Report{}
		}
		expect, err := record.Discover(ctx, client, addons.CNIs()...)
		if err != nil {
			return verify.Report{}
		}
		checks, err := selectFor(expect.CNI, "", verify.Selection{})
		if err != nil {
			return verify.Report{}
		}
		target := verify.NewTarget(client, expect)
		if docker, err := d.docker.Open(ctx); err == nil {
			target.Containerd = health.ReadContainerd(docker.Cluster(d.name))
		}
		verdict, _ := verify.RunAndClose(ctx, target, checks, verify.RunOptions{}) // its error is in the verdict
		return verdict
	})
}

// write writes the diagnostics and returns where they are, as advice. Without a
// client they are what the nodes have written.
func (d diagnostics) write(ctx context.Context, client *kube.Client, failure error, judge func(context.Context) verify.Report) (advice string) {
	ctx, cancel := context.WithTimeout(ctx, diagnosticsTimeout)
	defer cancel()
	span := event.Start(d.sink, event.Event{Scope: event.Phase, ID: "diagnose", Title: "Collect diagnostics", Estimate: verifyEstimate})
	dir, err := d.room()
	if err != nil {
		span.Failed(err.Error(), "name another directory with --artifacts")
		return ""
	}
	// What it says comes first: a verification adds events and pods of its own.
	bundle := diagnose.NewBundle(dir)
	bundle.Fill(ctx, kindctl.DiagnosticsOf(d.docker, d.name, client))
	verdict := judge(ctx)
	verdict.Cluster = provider.Context(d.name)
	bundle.Problem("report", keep(dir, verdict, failure))
	for _, problem := range bundle.Problems() {
		d.sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "diagnose", Message: "not everything could be kept: " + problem})
	}
	said := dir
	if len(verdict.Results) > 0 {
		said = fmt.Sprintf("%s (checks of the cluster: %s)", dir, report.Summary(verdict))
	}
	span.Done(said)
	return "look into " + dir
}

// room returns the directory, or a new one in it when it has something already.
func (d diagnostics) room() (string, error) {
	dir := d.dir
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		dir = filepath.Join(dir, time.Now().UTC().Format("20060102T150405.000Z"))
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// keep writes report.json and failure.txt.
func keep(dir string, verdict verify.Report, failure error) error {
	story := report.Story{Command: "run", Started: time.Now(), Report: verdict, Err: failure}
	return errors.Join(
		into(filepath.Join(dir, "report.json"), func(file *os.File) error { return report.Ending(file, story) }),
		into(filepath.Join(dir, "failure.txt"), func(file *os.File) error { report.Failure(file, failure, report.Style{}); return nil }),
	)
}

func into(path string, write func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
