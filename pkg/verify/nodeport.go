package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	netutils "k8s.io/utils/net"
)

func nodePortCheck() Check {
	return Check{
		ID: "svc.nodeport", Nodes: AllNodes, Group: groupService, Title: "A NodePort reaches its Service's pods at every node's address",
		Proves: fmt.Sprintf("From the network of another node, or of its own where there is one node, %d connections are made to the NodePort at each address of every node. "+
			"One of the Service's pods must answer each time, also those on other nodes (externalTrafficPolicy: Cluster). Addresses outside of kube-proxy's nodePortAddresses are left out. Where Cilium replaces kube-proxy, the node that asks already chooses the pod.", nodePortTries),
		Hint:   lookAtProxy + "; and at nodePortAddresses of kube-proxy: kubectl -n kube-system get configmap kube-proxy -o yaml",
		Needs:  []string{"svc.clusterip", "net.host"},
		Rights: rights(rightsOfServices, []string{"get configmaps@kube-system"}),
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: nodePortsAnswer,
		Ahead: func(ctx context.Context, t *Target) error {
			_, err := t.nodePort(ctx)
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
func (t *Target) nodePort(ctx context.Context) (int, error) {
	service, err := t.serviceObject(ctx, nodePortService, corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Selector: theFleet})
	if err != nil {
		return 0, err
	}
	return int(service.Spec.Ports[0].NodePort), nil
}

func nodePortsAnswer(ctx context.Context, t *Target) (Evidence, error) {
	probes, hosts, err := t.probesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	port, err := t.nodePort(ctx)
	if err != nil {
		return nil, err
	}
	configuration, err := proxyConfigurationOf(ctx, t.Kube)
	if err != nil {
		return nil, err
	}
	served := configuration.NodePortAddresses
	ways := fromNextNode(hosts, way{protocol: "http", port: port, request: askName, tries: nodePortTries, judge: answeredBy(namesOf(probes)...)})
	ways = slices.DeleteFunc(ways, func(w way) bool { return !servesNodePorts(served, w.host) })
	if len(ways) == 0 {
		return nil, Inapplicable(fmt.Sprintf("kube-proxy is configured to serve NodePorts at %s alone, where no node has its address", strings.Join(served, ", ")))
	}
	return Judged(tryAll(ctx, ways))
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

// fromNextNode makes ways like one to each address of every node, from the network
// of the next. A failure is about the node that is asked.
func fromNextNode(hosts []Probe, like way) (ways []way) {
	for i, host := range hosts {
		for _, to := range host.Faces() {
			w := like
			w.from, w.to, w.about, w.host = hosts[(i+1)%len(hosts)], host.Node, host.Node, to.IP
			ways = append(ways, w)
		}
	}
	return ways
}
