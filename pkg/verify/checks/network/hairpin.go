package network

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func hairpinCheck() verify.Check {
	return verify.Check{
		ID: "svc.hairpin", Nodes: verify.AllNodes, Group: groupService, Title: "A pod reaches itself through its own Service",
		Proves: "A Service with internalTrafficPolicy: Local has one endpoint on each node. That pod must reach itself through the ClusterIP. The packet leaves the pod and returns to it, which takes a separate rule in most service proxies.",
		Hint:   "look at the masquerading of the service proxy on the nodes named, and at hairpin mode where the CNI uses a bridge: docker exec NODE iptables-save -t nat",
		Needs:  []string{"svc.clusterip"},
		Rights: probe.RightsOfServices,
		Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: reachThemselves,
	}
}

const hairpinService = "hairpin"

func reachThemselves(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := probe.Of(t).
		Service(ctx, hairpinService, corev1.ServiceSpec{
			Selector: probe.FleetSelector, InternalTrafficPolicy: ptr.To(corev1.ServiceInternalTrafficPolicyLocal),
		})
	if err != nil {
		return nil, err
	}
	var requests []probeRequest
	for _, p := range probes {
		for _, address := range addresses {
			requests = append(requests, probeRequest{from: p, to: "itself by Service " + hairpinService, protocol: "http",
				host: address, port: probe.ServicePort, request: askName, evaluate: answeredBy(p.Name)})
		}
	}
	return verify.Evaluated(sendAll(ctx, requests))
}
