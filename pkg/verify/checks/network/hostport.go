package network

import (
	"context"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func podPortCheck() verify.Check {
	return verify.Check{
		ID: "net.hostport", Nodes: verify.AllNodes, Group: groupNetwork, Title: "A pod's hostPort is served at the address of its node",
		Proves: "A pod on every node has a hostPort that no other pod uses. It is requested at each address of its node, from the network of another node (or of its own if there is only one node), and this pod must respond. Ingress controllers are often published this way. Kubernetes accepts hostPorts even if the CNI does not serve them: this is a failure in clusters that kindctl created, and a warning in others.",
		Hint:   "look at what serves hostPorts on the nodes named: the plugin portmap in /etc/cni/net.d, or Cilium's kube-proxy replacement: kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg service list",
		Needs:  []string{"net.pods", "net.host"},
		Rights: probe.RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: hostPortsAnswer,
	}
}

func hostPortsAnswer(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, hosts, err := probe.Of(t).ProbesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	if probe.Of(t).HostPortDenied() {
		return nil, verify.Inapplicable("admission does not let pods of verifications have a hostPort")
	}
	var requests []probeRequest
	for _, w := range fromNextNode(hosts, probeRequest{protocol: "http", port: probe.Of(t).HostPort(), request: askName}) {
		for _, p := range probes {
			if p.Node == w.to {
				w.evaluate = answeredBy(p.Name)
				requests = append(requests, w)
			}
		}
	}
	evidence, err := verify.Evaluated(sendAll(ctx, requests))
	if err != nil && t.Expect.Discovered && !verify.IsUnobservable(err) {
		err = verify.Warning(err) // a CNI that kindctl did not choose may be set up without
	}
	return evidence, err
}
