package kindctl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/scratch"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// ExportLogsOptions say what ExportLogs reads, and where it writes.
type ExportLogsOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Dir is the directory to write into; "" is kindctl-logs-NAME. If it has files
	// already, a new one is created in it.
	Dir string
	// Archive is a file to write instead of Dir, tar compressed with gzip. It must not
	// exist.
	Archive string
}

// verifiedPartLimit bounds the part of a bundle that includes a verification.
const verifiedPartLimit = 4 * time.Minute

// ExportLogs writes all that may help to find a fault: what Diagnose writes, a
// verification, the CNI's state, the configuration, and facts about the host. What
// cannot be had is warned of, also in problems.txt, and does not prevent the rest. It
// returns the directory or the archive.
func (c *Client) ExportLogs(ctx context.Context, o ExportLogsOptions) (path string, err error) {
	name := cmp.Or(o.Name, DefaultName)
	dir := cmp.Or(o.Dir, "kindctl-logs-"+name)
	if o.Archive != "" {
		if err := checkNewFile(o.Archive); err != nil {
			return "", err
		}
		private, remove, err := scratch.Dir("export")
		if err != nil {
			return "", err
		}
		defer remove()
		dir = filepath.Join(private, "kindctl-logs-"+name)
	}
	if err := diagnose.PrepareDir(dir); err != nil {
		return "", hint.ArtifactsUnwritable.Wrap(err, "cannot write to "+dir, "correct the permissions, or name another directory")
	}
	defer os.Remove(dir) // which stays if something came into it
	docker, cluster, err := c.existing(ctx, name)
	if err != nil {
		return "", err
	}
	if dir, err = diagnose.EmptyDir(dir); err != nil {
		return "", err
	}
	span := event.Start(c.sink(), event.Event{Scope: event.Phase, ID: "export", Title: "Collect logs and diagnostics of cluster " + name,
		Estimate: 30 * time.Second})
	bundle := diagnose.NewBundle(dir)
	bundle.Fill(ctx, exporter{c.WithSink(nil), docker, cluster}.parts()...)
	if ctx.Err() != nil {
		span.Failed("interrupted", "")
		return "", errors.Join(ctx.Err(), os.RemoveAll(dir))
	}
	var lines strings.Builder
	for _, problem := range bundle.Problems() {
		c.warn("export", "could not collect "+problem)
		lines.WriteString(problem + "\n")
	}
	bundle.Write("problems.txt", []byte(lines.String()))
	if o.Archive != "" {
		if err := pack(dir, o.Archive); err != nil {
			span.Failed(err.Error(), "")
			return "", hint.FileFailed.Wrap(err, "the file "+o.Archive+" could not be written",
				"see whether the disk is full: df "+filepath.Dir(o.Archive))
		}
		dir = o.Archive
	}
	span.Done(dir)
	return dir, nil
}

// checkNewFile wants a path where no file is yet, and one can be written.
func checkNewFile(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return hint.FileExists.New("there is a file "+path+" already", "name another one, or remove it")
	}
	probe, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return hint.FileUnwritable.Wrap(err, "the file "+path+" cannot be written", "correct the permissions, or name another one")
	}
	return errors.Join(probe.Close(), os.Remove(path))
}

// exporter fills a bundle from one cluster.
type exporter struct {
	*Client
	docker  *provider.Docker
	cluster provider.Cluster
}

func (e exporter) parts() []diagnose.Part {
	return []diagnose.Part{
		{Name: "cluster", Limit: verifiedPartLimit, Fill: e.fillCluster},
		{Name: "origin", Limit: partLimit, Fill: e.fillOrigin},
		{Name: "host", Limit: partLimit, Fill: e.fillHost},
	}
}

// fillCluster asks the nodes, and the API server if it answers.
func (e exporter) fillCluster(ctx context.Context, b *diagnose.Bundle) error {
	ref := ClusterRef{Name: e.cluster.Name}
	client, expect, problem := e.contact(ctx)
	if problem != nil {
		b.Fill(ctx, e.Client.parts(e.cluster.Name, nil)...)
		return fmt.Errorf("the API server does not answer, so there are no events and no verification: %w", problem)
	}
	b.Fill(ctx, append(e.Client.parts(e.cluster.Name, client),
		diagnose.Part{Name: "cni", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
			return addons.State(ctx, client, expect.CNI,
				func(node, name, text string) { b.Write("cni/"+node+"/"+name+".txt", []byte(text)) })
		}},
		diagnose.Part{Name: "config", Limit: partLimit,
			Fill: func(ctx context.Context, b *diagnose.Bundle) error { return writeConfig(ctx, client, b) }},
	)...)
	// Last, because a verification adds events and pods of its own.
	run, err := e.verification(ctx, ref, client, expect, verify.Selection{})
	if err != nil {
		return err
	}
	report, _ := run(ctx) // its error is in the report
	return writeJSON(b, "report.json", report.Document(), nil)
}

// contact finds out whether the API server answers.
func (e exporter) contact(ctx context.Context) (*kube.Client, verify.Expectation, error) {
	client, err := clientOf(ctx, e.cluster)
	if err != nil {
		return nil, verify.Expectation{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.options.ContactTimeout)
	defer cancel()
	expect, err := record.Discover(ctx, client, addons.CNIs()...)
	return client, expect, err
}

// writeConfig writes the configuration that is recorded in the cluster.
func writeConfig(ctx context.Context, client *kube.Client, b *diagnose.Bundle) error {
	made, _, err := record.Read(ctx, client)
	if err != nil || made.Config == nil {
		return err
	}
	data, err := made.Config.Encode()
	b.Write("cluster.yaml", data)
	return err
}

// fillOrigin writes who made the cluster, and the version that writes this.
func (e exporter) fillOrigin(ctx context.Context, b *diagnose.Bundle) error {
	metadata, made, err := e.cluster.Metadata(ctx)
	return writeJSON(b, "kindctl.json", map[string]any{"version": e.options.Version, "cluster": e.cluster.Name, "time": time.Now().UTC(),
		"kindctl": made, "marker": metadata}, err)
}

// fillHost writes the facts about Docker and its machine.
func (e exporter) fillHost(ctx context.Context, b *diagnose.Bundle) error {
	facts, err := host.Probe(ctx, e.docker.Client())
	return writeJSON(b, "host.json", map[string]any{"facts": facts, "findings": facts.Findings(host.Needs{})}, err)
}

func writeJSON(b *diagnose.Bundle, name string, value any, err error) error {
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(value, "", "  ")
	b.Write(name, data)
	return err
}
