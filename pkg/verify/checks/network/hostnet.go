package network

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func hostCheck() verify.Check {
	return verify.Check{
		ID: "net.host", Nodes: verify.AllNodes, Group: groupNetwork, Title: "Pods reach programs on every node's host network",
		Proves: "A pod on every node sends a request to a pod on the host network of every node. Admission webhooks, node agents and the API server itself run there. " + probe.SampleNote,
		Hint:   "look at the packet filter of the node that is not reached, and at the CNI's policies for hosts: docker exec NODE iptables-save",
		Needs:  []string{"kubelet.work", "net.pods"},
		Rights: probe.RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: hostsReached,
	}
}

func hostsReached(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, hosts, err := probe.Of(t).ProbesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, node := range nodes {
		names[node.Name] = hostNames(node)
	}
	var requests []probeRequest
	for _, p := range probe.Pairs(probes, hosts) {
		for _, to := range p.To.PerAddress() {
			requests = append(requests, probeRequest{from: p.From, to: to.Node, protocol: "http", host: to.IP,
				port: to.HTTPPort, request: askName, evaluate: answeredBy(names[to.Node]...)})
		}
	}
	return trySample(ctx, len(probes), requests)
}

// hostNames are the names by which a node may know itself, and so a pod on its
// network: its own, its address of the type Hostname, and what is before their
// first dot.
func hostNames(node corev1.Node) []string {
	names := []string{node.Name}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeHostName {
			names = append(names, address.Address)
		}
	}
	for _, name := range slices.Clone(names) {
		short, _, _ := strings.Cut(name, ".")
		names = append(names, short)
	}
	return names
}
