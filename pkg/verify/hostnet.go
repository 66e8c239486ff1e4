package verify

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func hostCheck() Check {
	return Check{
		ID: "net.host", Nodes: AllNodes, Group: groupNetwork, Title: "Pods reach programs on every node's host network",
		Proves: "A pod on every node sends a request to a pod on the host network of every node. Admission webhooks, node agents and the API server itself run there. " + aSample,
		Hint:   "look at the packet filter of the node that is not reached, and at the CNI's policies for hosts: docker exec NODE iptables-save",
		Needs:  []string{"kubelet.work", "net.pods"},
		Rights: RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: hostsReached,
	}
}

// probesAndHosts waits for the probe pods on the pod network and for those on the
// nodes' own network.
func (t *Target) probesAndHosts(ctx context.Context) (probes, hosts []Probe, err error) {
	if probes, err = t.Fleet.Ready(ctx); err != nil {
		return nil, nil, err
	}
	hosts, err = t.Hosts.Ready(ctx)
	return probes, hosts, err
}

func hostsReached(ctx context.Context, t *Target) (Evidence, error) {
	probes, hosts, err := t.probesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := t.nodes(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, node := range nodes {
		names[node.Name] = hostNames(node)
	}
	var ways []way
	for _, p := range pairsOf(probes, hosts) {
		for _, to := range p.to.Faces() {
			ways = append(ways, way{from: p.from, to: to.Node, protocol: "http", host: to.IP, port: to.HTTPPort, request: askName, judge: answeredBy(names[to.Node]...)})
		}
	}
	return trySample(ctx, len(probes), ways)
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
