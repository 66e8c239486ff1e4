package verify

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func hairpinCheck() Check {
	return Check{
		ID: "svc.hairpin", Nodes: AllNodes, Group: groupService, Title: "A pod reaches itself through its own Service",
		Proves: "A Service keeps to the node (internalTrafficPolicy: Local), where one pod is its sole endpoint; on every node that pod must reach itself by the ClusterIP. The packet leaves the pod and comes back to it, which takes a rule of its own in most service proxies.",
		Hint:   "look at the masquerading of the service proxy on the nodes named, and at hairpin mode where the CNI uses a bridge: docker exec NODE iptables-save -t nat",
		Needs:  []string{"svc.clusterip"},
		Rights: rightsOfServices,
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: reachThemselves,
	}
}

const hairpinService = "hairpin"

func reachThemselves(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := t.service(ctx, hairpinService, corev1.ServiceSpec{Selector: theFleet, InternalTrafficPolicy: ptr.To(corev1.ServiceInternalTrafficPolicyLocal)})
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, probe := range probes {
		for _, address := range addresses {
			ways = append(ways, way{from: probe, to: "itself by Service " + hairpinService, protocol: "http", host: address, port: servicePort, request: askName, judge: answeredBy(probe.Name)})
		}
	}
	return Judged(tryAll(ctx, ways))
}
