package network

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func removalCheck() verify.Check {
	return verify.Check{
		ID: "svc.remove", Nodes: verify.AllNodes, Group: groupService, Title: "A removed endpoint gets no more connections, and a Service without endpoints refuses them",
		Proves: "A new Service has two endpoints, both pods on the host network. When one is deleted, all new connections from every node must soon reach the other. When that is deleted too, nothing may respond, and connections from the host network must be refused rather than time out. (Connections from pods may time out, because the kernel limits refusals to about one per second for each address.) With a single node there is one endpoint.",
		Hint:   lookAtProxy,
		Needs:  []string{"svc.clusterip", "net.host"},
		Rights: verify.JoinRights(probe.RightsOfServices, []string{"create,update endpointslices.discovery.k8s.io"}),
		Slow:   true, Timeout: 25 * time.Second, Skip: verify.WithoutCNI, Run: endpointsLeave,
	}
}

const (
	leavingName = "leaving"
	// leaveTime is how long a service proxy may take to follow an EndpointSlice.
	leaveTime = 10 * time.Second
	// leaveTries is how many connections per node show that one of two
	// endpoints is no longer in use, but for a chance of one in a hundred. They
	// are made twice.
	leaveTries = 7
	// leaveHold is after how long an endpoint must still be out of use.
	leaveHold = 500 * time.Millisecond
	// leavePatience bounds a look at one node: what goes to a pod that is gone
	// hangs, and goes there still when its first packet is sent again after 1 s.
	leavePatience = 1500 * time.Millisecond
)

func endpointsLeave(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, hosts, err := probe.Of(t).ProbesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	endpoints, err := leavingEndpoints(ctx, t, hosts)
	if err != nil {
		return nil, err
	}
	addresses, err := probe.Of(t).Service(ctx, leavingName, corev1.ServiceSpec{})
	if err != nil {
		return nil, err
	}
	var evidence verify.Evidence
	for left := len(endpoints); left >= 0; left-- {
		if err := publish(ctx, t, leavingName, familyType(addresses[0]), endpoints[:left]); err != nil {
			return evidence, err
		}
		started := time.Now()
		askers := probes
		if left == 0 {
			askers = slices.Concat(probes, hosts)
		}
		_, err := verify.Each(askers, probe.Probe.NodeName, func(p probe.Probe) (string, error) {
			w := probeRequest{
				from:     p,
				to:       "Service " + leavingName,
				protocol: "http",
				host:     addresses[0],
				port:     probe.ServicePort,
				request:  askName,
				tries:    1,
				patience: leavePatience,
			}
			looks := 1
			switch {
			case left == len(endpoints):
				w.tries, w.evaluate = left*leaveTries, answeredByHosts(endpoints)
			case left > 0:
				looks, w.tries, w.evaluate = 2, leaveTries, answeredByHosts(endpoints[:left])
			case p.HostNetwork:
				w.evaluate = refusedBy(t.Expect)
			default:
				w.evaluate = answeredByNobody
			}
			return "", verify.Within(ctx, leaveTime, func() error { return again(ctx, looks, w) })
		})
		if err != nil {
			after := time.Since(started).Round(time.Second)
			err = verify.Around(err, func(err error) error {
				return fmt.Errorf("%v after %d of %d endpoints were left: %w", after, left, len(endpoints), err)
			})
			if left == len(endpoints) || verify.IsUnobservable(err) {
				return evidence, err
			}
			return evidence, verify.Final(err) // another attempt would start over, and forget this
		}
		evidence = append(evidence, fmt.Sprintf("%d of %d endpoints left: followed on every node after %v", left, len(endpoints), time.Since(started).Round(10*time.Millisecond)))
	}
	return evidence, nil
}

// host is a probe on its node's network, and the names under which it answers.
type host struct {
	probe.Probe
	names []string
}

// leavingEndpoints are on different nodes where there are two. They are no pods
// of the pod network, so that none of the probes calls itself.
func leavingEndpoints(ctx context.Context, t *verify.Target, probes []probe.Probe) (endpoints []host, err error) {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range probe.Distinct(probes[0], probes[len(probes)-1]) {
		at := slices.IndexFunc(nodes, func(node corev1.Node) bool { return node.Name == p.Node })
		endpoints = append(endpoints, host{p, hostNames(nodes[at])})
	}
	return endpoints, nil
}

// answeredByHosts wants an answer from each of the hosts, and from no one else.
func answeredByHosts(hosts []host) func(answers, failures []string) string {
	var nodes []string
	for _, h := range hosts {
		nodes = append(nodes, h.Node)
	}
	return func(answers, failures []string) string {
		var from []string
		for _, answer := range answers {
			for _, h := range hosts {
				if slices.Contains(h.names, answer) {
					answer = h.Node
				}
			}
			from = append(from, answer)
		}
		return answeredByAll(nodes)(from, failures)
	}
}

// publish makes these the endpoints of a Service that selects no pods.
func publish(ctx context.Context, t *verify.Target, service string, family discoveryv1.AddressType, endpoints []host) error {
	namespace, err := probe.Of(t).Namespace(ctx)
	if err != nil {
		return err
	}
	slice := endpointSlice(service, family, endpoints)
	slice.Labels[verify.RunLabel] = t.RunID
	client := t.Kube.Clientset.DiscoveryV1().EndpointSlices(namespace)
	_, err = client.Create(ctx, slice, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = client.Update(ctx, slice, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("EndpointSlice %s: %w", slice.Name, err)
	}
	return nil
}

// familyType is that of an address.
func familyType(address string) discoveryv1.AddressType {
	if strings.Contains(address, ":") {
		return discoveryv1.AddressTypeIPv6
	}
	return discoveryv1.AddressTypeIPv4
}

func endpointSlice(service string, family discoveryv1.AddressType, endpoints []host) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name:   service,
			Labels: map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: kube.FieldManager},
		},
		AddressType: family,
		Endpoints:   []discoveryv1.Endpoint{},
	}
	for _, e := range endpoints {
		slice.Ports = []discoveryv1.EndpointPort{
			{Name: ptr.To(probe.PortName), Port: new(int32(e.HTTPPort)), Protocol: ptr.To(corev1.ProtocolTCP)}, //nolint:gosec // it is a port
		}
		slice.Endpoints = append(
			slice.Endpoints,
			discoveryv1.Endpoint{Addresses: []string{e.IP}, NodeName: &e.Node, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}},
		)
	}
	return slice
}

// again looks one way so many times, with leaveHold between.
func again(ctx context.Context, looks int, w probeRequest) error {
	for look := range looks {
		if look > 0 {
			select {
			case <-time.After(leaveHold):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if _, err := sendAll(ctx, []probeRequest{w}); err != nil {
			return err
		}
	}
	return nil
}

// refusals are the words of a connection that is refused. kube-proxy has an
// ICMP message sent; where Cilium balances in the socket, the system call fails.
func refusals(expect verify.Expectation) []string {
	if expect.ProxyMode == "none" {
		return []string{"connection refused", "operation not permitted", "no route to host"}
	}
	return []string{"connection refused"}
}

// answeredByNobody lets connections be refused, or hang.
func answeredByNobody(answers, failures []string) string {
	switch {
	case len(answers) > 0:
		return fmt.Sprintf("%q answered, though no endpoint is left", answers[0])
	case len(failures) == 0:
		return "nothing was tried"
	}
	return ""
}

// refusedBy wants every connection to be refused, and none to hang. That can be
// asked of connections from a node's own network alone: what a kernel refuses
// to others it tells each address once a second, as tokens allow, and redirects
// that it sends to pods reach for the same ones (Linux, icmpv4_xrlim_allow and
// ip_rt_send_redirect). Beside kube-proxy, Cilium drops what pods send.
func refusedBy(expect verify.Expectation) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		for _, failure := range failures {
			if !slices.ContainsFunc(refusals(expect), func(words string) bool { return strings.Contains(failure, words) }) {
				return "not refused, though no endpoint is left: " + failure
			}
		}
		return answeredByNobody(answers, failures)
	}
}
