package kindctl

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/pkg/diagnose"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
)

// partLimit bounds each part of a bundle.
const partLimit = 2 * time.Minute

// Diagnostics are the part of a bundle that a cluster fills: what its nodes have
// written, and what its API server says. Without a client, or when the server does
// not answer, the logs of the pods are read in the nodes instead.
func Diagnostics(name string, client *kube.Client) diagnose.Part {
	part := diagnose.Part{Name: "cluster", Limit: partLimit}
	part.Fill = func(ctx context.Context, b *diagnose.Bundle) error {
		docker := &provider.Connection{}
		defer docker.Close()
		return DiagnosticsOf(docker, name, client).Fill(ctx, b)
	}
	return part
}

// DiagnosticsOf are Diagnostics over a connection, which stays open.
func DiagnosticsOf(docker *provider.Connection, name string, client *kube.Client) diagnose.Part {
	return diagnose.Part{Name: "cluster", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
		problem := contact(ctx, client)
		answers := client != nil && problem == nil
		parts := []diagnose.Part{{Name: "nodes", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error { return nodes(ctx, docker, name, b, !answers) }}}
		if answers {
			parts = append(parts, diagnose.Part{Name: "api", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error { return b.Collect(ctx, client.Clientset) }})
		}
		b.Fill(ctx, parts...)
		return problem
	}}
}

// contact finds out whether the API server answers, if it can be asked.
func contact(ctx context.Context, client *kube.Client) error {
	if client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, kube.ContactTimeout)
	defer cancel()
	if _, err := client.Version(ctx); err != nil {
		return fmt.Errorf("the API server does not answer, so there are no events: %w", err)
	}
	return nil
}

// nodes reads all containers of the cluster, side by side.
func nodes(ctx context.Context, connection *provider.Connection, name string, b *diagnose.Bundle, podLogs bool) error {
	docker, err := connection.Open(ctx)
	if err != nil {
		return err
	}
	all, err := docker.Cluster(name).Nodes(ctx)
	if err != nil {
		return err
	}
	var parts []diagnose.Part
	for _, node := range all {
		parts = append(parts, diagnose.Part{Name: node.Name, Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
			return b.CollectNode(ctx, node.Name, node, podLogs)
		}})
	}
	b.Fill(ctx, parts...)
	return nil
}
