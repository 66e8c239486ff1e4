package calico

import (
	"context"

	"github.com/kindctl/kindctl/internal/kube"
)

// State asks the agent of every node how it sees things, for people: Felix, BIRD
// where it runs, the routes and the rules.
func (a *Addon) State(ctx context.Context, client *kube.Client, answer func(node, name, text string)) error {
	return client.ExecAll(ctx, namespace, selector, agent, []kube.AgentCommand{
		{Name: "felix", Command: []string{"/bin/calico-node", "-felix-live", "-felix-ready"}},
		{Name: "bird", Command: []string{"/bin/calico-node", "-bird-live", "-bird-ready"}},
		{Name: "routes", Command: []string{"ip", "route", "show", "table", "all"}},
		{Name: "links", Command: []string{"ip", "-details", "link"}},
		{Name: "iptables", Command: []string{"iptables-save"}},
	}, answer)
}
