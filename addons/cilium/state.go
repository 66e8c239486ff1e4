package cilium

import (
	"context"

	"github.com/kindctl/kindctl/internal/kube"
)

// State asks the agent of every node how it sees things, for people.
func (a *Addon) State(ctx context.Context, client *kube.Client, answer func(node, name, text string)) error {
	return client.ExecAll(ctx, namespace, selector, container, []kube.AgentCommand{
		{Name: "status", Command: []string{"cilium-dbg", "status", "--verbose"}},
		{Name: "endpoints", Command: []string{"cilium-dbg", "endpoint", "list"}},
		{Name: "services", Command: []string{"cilium-dbg", "service", "list"}},
		{Name: "nodes", Command: []string{"cilium-dbg", "node", "list"}},
		{Name: "tunnels", Command: []string{"cilium-dbg", "bpf", "tunnel", "list"}},
	}, answer)
}
