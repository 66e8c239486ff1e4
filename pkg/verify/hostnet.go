package verify

import (
	"context"
	"time"
)

func hostCheck() Check {
	return Check{
		ID: "net.host", Group: groupNetwork, Title: "Pods reach programs on every node's own network",
		Proves: "A pod on every node sends a request to a pod on the host network of every node. Admission webhooks, node agents and the API server itself live there.",
		Hint:   "look at the packet filter of the node that is not reached, and at the CNI's policies for hosts: docker exec NODE iptables-save",
		Needs:  []string{"kubelet.work", "net.pods"},
		Rights: RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: hostsReached,
	}
}

func hostsReached(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	hosts, err := t.Hosts.Ready(ctx)
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, p := range allPairs(probes, hosts) {
		// On the host network a pod has its node's name.
		ways = append(ways, way{from: p.from, to: p.to.Node, protocol: "http", host: p.to.IP, port: p.to.HTTPPort, request: askName, judge: answeredBy(p.to.Node)})
	}
	return tryAll(ctx, ways)
}
