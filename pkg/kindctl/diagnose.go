package kindctl

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
)

// DiagnoseOptions say what Diagnose reads, and where it writes.
type DiagnoseOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Dir is the directory to write into.
	Dir string
}

// partLimit bounds each part of a bundle.
const partLimit = 2 * time.Minute

// Diagnose writes files about a cluster in Docker: what its nodes have logged, and what
// its API server says of nodes, pods and events. When the API server does not answer,
// the logs of pods are read in the nodes. Secrets are not read, and what looks like a
// credential is redacted. It returns a sentence for each thing that could not be written.
func (c *Client) Diagnose(ctx context.Context, o DiagnoseOptions) (problems []string) {
	name := cmp.Or(o.Name, DefaultName)
	bundle := diagnose.NewBundle(o.Dir)
	bundle.Fill(ctx, diagnose.Part{Name: "cluster", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
		client, problem := c.diagnosed(ctx, name)
		if problem == nil {
			problem = contact(ctx, client, c.options.ContactTimeout)
		}
		if problem != nil {
			client, problem = nil, fmt.Errorf("only the nodes can be asked: %w", problem)
		}
		b.Fill(ctx, c.parts(name, client)...)
		return problem
	}})
	return bundle.Problems()
}

// diagnosed opens the API of the cluster of a name.
func (c *Client) diagnosed(ctx context.Context, name string) (*kube.Client, error) {
	docker, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return clientOf(ctx, docker.Cluster(name))
}

// clientOf is the API of a cluster that has come as far as to have a kubeconfig.
func clientOf(ctx context.Context, cluster provider.Cluster) (*kube.Client, error) {
	kubeconfig, err := cluster.Kubeconfig(ctx, false)
	if err != nil {
		return nil, err
	}
	return kube.FromKubeconfigData([]byte(kubeconfig))
}

// contact finds out whether the API server answers.
func contact(ctx context.Context, client *kube.Client, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if _, err := client.Version(ctx); err != nil {
		return fmt.Errorf("the API server does not answer, so there are no events: %w", err)
	}
	return nil
}

// parts are what a cluster fills of a bundle, without its API if the client is nil.
func (c *Client) parts(name string, client *kube.Client) []diagnose.Part {
	parts := []diagnose.Part{{Name: "nodes", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
		return c.diagnoseNodes(ctx, name, b, client == nil)
	}}}
	if client != nil {
		parts = append(parts, diagnose.Part{Name: "api", Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
			return b.Collect(ctx, client.Clientset)
		}})
	}
	return parts
}

// diagnoseNodes reads all containers of the cluster, side by side.
func (c *Client) diagnoseNodes(ctx context.Context, name string, b *diagnose.Bundle, podLogs bool) error {
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	nodes, err := docker.Cluster(name).Nodes(ctx)
	if err != nil {
		return err
	}
	var parts []diagnose.Part
	for _, node := range nodes {
		parts = append(parts, diagnose.Part{Name: node.Name, Limit: partLimit, Fill: func(ctx context.Context, b *diagnose.Bundle) error {
			return b.CollectNode(ctx, node.Name, node, podLogs)
		}})
	}
	b.Fill(ctx, parts...)
	return nil
}
