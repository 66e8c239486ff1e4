package network

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	netutils "k8s.io/utils/net"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func nodePortCheck() verify.Check {
	return verify.Check{
		ID: "svc.nodeport", Nodes: verify.AllNodes, Group: groupService, Title: "A NodePort reaches its Service's pods at every node's address",
		Proves: fmt.Sprintf("From the network of another node (or of its own if there is only one node), %d connections are made to the NodePort at each address of every node. "+
			"One of the Service's pods must respond each time, including pods on other nodes (externalTrafficPolicy: Cluster). "+
			"Addresses outside kube-proxy's nodePortAddresses are skipped. If Cilium replaces kube-proxy, the pod is already chosen on the client's node.", nodePortTries),
		Hint:   lookAtProxy + "; and at nodePortAddresses of kube-proxy: kubectl -n kube-system get configmap kube-proxy -o yaml",
		Needs:  []string{"svc.clusterip", "net.host"},
		Rights: verify.JoinRights(probe.RightsOfServices, []string{"get configmaps@kube-system"}),
		Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: nodePortsAnswer,
		Prefetch: func(ctx context.Context, t *verify.Target) error {
			_, err := nodePort(ctx, t)
			return err
		},
	}
}

const (
	nodePortService = "nodeport"
	// nodePortTries are so many that, of up to four nodes, a pod on another one is
	// among those chosen, but for a chance of one in a hundred.
	nodePortTries = 8
)

// nodePort makes the Service, if it is not there yet, and returns its port.
func nodePort(ctx context.Context, t *verify.Target) (int, error) {
	service, err := probe.Of(t).
		ServiceObject(ctx, nodePortService, corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Selector: probe.FleetSelector})
	if err != nil {
		return 0, err
	}
	return int(service.Spec.Ports[0].NodePort), nil
}

func nodePortsAnswer(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, hosts, err := probe.Of(t).ProbesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	port, err := nodePort(ctx, t)
	if err != nil {
		return nil, err
	}
	configuration, err := verify.ProxyConfigurationOf(ctx, t.Kube)
	if err != nil {
		return nil, err
	}
	served := configuration.NodePortAddresses
	requests := fromNextNode(
		hosts, probeRequest{protocol: "http", port: port, request: askName, tries: nodePortTries, evaluate: answeredBy(probe.Names(probes)...)},
	)
	requests = slices.DeleteFunc(requests, func(w probeRequest) bool { return !servesNodePorts(served, w.host) })
	if len(requests) == 0 {
		return nil, verify.Inapplicable(fmt.Sprintf("kube-proxy is configured to serve NodePorts at %s alone, where no node has its address", strings.Join(served, ", ")))
	}
	return verify.Evaluated(sendAll(ctx, requests))
}

// servesNodePorts reports whether kube-proxy's nodePortAddresses include an address of
// a node that Kubernetes knows.
func servesNodePorts(served []string, address string) bool {
	ip := netutils.ParseIPSloppy(address)
	return len(served) == 0 || slices.ContainsFunc(served, func(each string) bool {
		_, cidr, err := netutils.ParseCIDRSloppy(each)
		return err != nil || cidr.Contains(ip) // what is no CIDR is the word primary
	})
}

// fromNextNode makes requests like one to each address of every node, from the network
// of the next. A failure is about the node that is asked.
func fromNextNode(hosts []probe.Probe, like probeRequest) (requests []probeRequest) {
	for i, host := range hosts {
		for _, to := range host.PerAddress() {
			w := like
			w.from, w.to, w.about, w.host = hosts[(i+1)%len(hosts)], host.Node, host.Node, to.IP
			requests = append(requests, w)
		}
	}
	return requests
}
