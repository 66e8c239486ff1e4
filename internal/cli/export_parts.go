package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/health"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

// bundleSource is a cluster that a bundle is made of.
type bundleSource struct {
	name       string
	connection *provider.Connection
	docker     *provider.Docker // the same, open
}

// partLimit bounds each part of a bundle, and partOfAPI the one that verifies.
const (
	partLimit = 2 * time.Minute
	partOfAPI = 4 * time.Minute
)

func (s bundleSource) parts() []diagnose.Part {
	return []diagnose.Part{
		{Name: "cluster", Limit: partOfAPI, Fill: s.cluster},
		{Name: "origin", Limit: partLimit, Fill: s.origin},
		{Name: "host", Limit: partLimit, Fill: s.host},
	}
}

// cluster asks the nodes, and the API server if it answers.
func (s bundleSource) cluster(ctx context.Context, b *diagnose.Bundle) error {
	client, expect, problem := s.reach(ctx)
	if problem != nil {
		b.Fill(ctx, kindctl.DiagnosticsOf(s.connection, s.name, nil))
		return fmt.Errorf("the API server does not answer, so there are no events and no verification: %w", problem)
	}
	b.Fill(ctx, kindctl.DiagnosticsOf(s.connection, s.name, client),
		diagnose.Part{Name: "cni", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
			return addons.State(ctx, client, expect.CNI, func(node, name, text string) { b.Write("cni/"+node+"/"+name+".txt", []byte(text)) })
		}},
		diagnose.Part{Name: "config", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error { return config(ctx, client, b) }},
	)
	// Last, because a verification adds events and pods of its own.
	return s.verification(ctx, client, expect, b)
}

// reach finds out whether the API server answers.
func (s bundleSource) reach(ctx context.Context) (*kube.Client, verify.Expectation, error) {
	kubeconfig, err := s.docker.Cluster(s.name).Kubeconfig(ctx, false)
	if err != nil {
		return nil, verify.Expectation{}, err
	}
	client, err := kube.FromKubeconfigData([]byte(kubeconfig))
	if err != nil {
		return nil, verify.Expectation{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, contactTimeout)
	defer cancel()
	expect, err := record.Discover(ctx, client, addons.CNIs()...)
	return client, expect, err
}

func (s bundleSource) verification(ctx context.Context, client *kube.Client, expect verify.Expectation, b *diagnose.Bundle) error {
	checks, err := selectFor(expect.CNI, "", verify.Selection{})
	if err != nil {
		return err
	}
	target := verify.NewTarget(client, expect)
	target.Containerd = health.ReadContainerd(s.docker.Cluster(s.name))
	verdict, _ := verify.RunAndClose(ctx, target, checks, verify.RunOptions{}) // its error is in the verdict
	verdict.Cluster = provider.Context(s.name)
	var out bytes.Buffer
	err = report.Verdict(&out, verdict)
	b.Write("report.json", out.Bytes())
	return err
}

// config writes what the cluster was made of, as it is recorded in it.
func config(ctx context.Context, client *kube.Client, b *diagnose.Bundle) error {
	made, _, err := record.Read(ctx, client)
	if err != nil || made.Config == nil {
		return err
	}
	data, err := made.Config.Encode()
	b.Write("cluster.yaml", data)
	return err
}

// origin writes who made the cluster, and with what this is written.
func (s bundleSource) origin(ctx context.Context, b *diagnose.Bundle) error {
	metadata, made, err := s.docker.Cluster(s.name).Metadata(ctx)
	return writeJSON(b, "kindctl.json", map[string]any{"version": currentVersion(), "cluster": s.name, "time": time.Now().UTC(), "kindctl": made, "marker": metadata}, err)
}

// host writes the facts about Docker and its machine.
func (s bundleSource) host(ctx context.Context, b *diagnose.Bundle) error {
	facts, err := host.Probe(ctx, s.docker.Client())
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
