package verify

import (
	"context"
	"fmt"
	"time"
)

func hairpinCheck() Check {
	return Check{
		ID: "svc.hairpin", Nodes: AllNodes, Group: groupService, Title: "A pod reaches itself through its own Service",
		Proves: "For a pod on every node there is a Service of which it is the sole endpoint; it must reach itself by the ClusterIP. The packet leaves the pod and comes back to it, which takes a rule of its own in most service proxies.",
		Hint:   "look at the masquerading of the service proxy on the nodes named, and at hairpin mode where the CNI uses a bridge: docker exec NODE iptables-save -t nat",
		Needs:  []string{"svc.clusterip"},
		Rights: rightsOfServices,
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: reachThemselves,
	}
}

func reachThemselves(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	var ways []way
	for i, probe := range probes {
		name := fmt.Sprintf("hairpin-%d", i)
		addresses, err := t.service(ctx, name, "", map[string]string{nodeLabel: nodeKey(probe.Node)})
		if err != nil {
			return nil, err
		}
		for _, address := range addresses {
			ways = append(ways, way{from: probe, to: "itself by Service " + name, protocol: "http", host: address, port: servicePort, request: askName, judge: answeredBy(probe.Name)})
		}
	}
	return Judged(tryAll(ctx, ways))
}
