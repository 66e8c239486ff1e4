package dns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

func dnsExternalCheck() verify.Check {
	return verify.Check{
		ID: "dns.external", AfterWorkloads: true, Group: groupDNS, Title: "Every CoreDNS pod forwards names outside the cluster",
		Proves:  "Asks every CoreDNS pod for the name of a node (another one than its own if there is one), which only the resolver of the nodes' container network knows. The response must be the node's address. Names of Services do not need the forwarder, so its failure is noticed only when a pod looks up an external name.",
		Hint:    "look at the forward line of the Corefile, and at the resolv.conf that it names, on the node of the pod: kubectl -n kube-system get configmap coredns -o yaml; docker exec NODE cat /etc/resolv.conf",
		Needs:   []string{"dns.records"},
		Rights:  verify.JoinRights(verify.RightsOfNodes, rightsOfDNSPods, []string{"get configmaps@kube-system"}),
		Differs: "The Corefile forwards to another resolver, which does not respond, or to none. A resolver that responds passes, even if it does not know the name.",
		// A forwarder that no one answers is silent for longer than an attempt.
		Timeout: 12 * time.Second, Skip: noNameOutside, Run: dnsExternal,
	}
}

// noNameOutside is the reason to skip what needs a name of which the outside is
// sure to know.
func noNameOutside(t *verify.Target) string {
	if reason := verify.WithoutNodes(t); reason != "" {
		return reason
	}
	if t.Expect.Discovered {
		return "kindctl did not make the cluster, and knows no name outside of it"
	}
	if t.Expect.IPFamily == "ipv6" {
		return "pods have addresses of IPv6 alone, and the resolver of the nodes' container network one of IPv4"
	}
	return ""
}

func dnsExternal(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	servers, err := dnsPods(ctx, t)
	if err != nil {
		return nil, err
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	resolvers, installed, err := forwarders(ctx, t)
	if err != nil {
		return nil, err
	}
	return verify.Each(servers, verify.PodNode, func(server corev1.Pod) (string, error) {
		q, err := outsideQuestion(nodes, server.Spec.NodeName)
		if err != nil {
			return "", err
		}
		if !installed {
			return asksAnother(ctx, t, server, q, resolvers)
		}
		if err := askPod(ctx, t, server.Name, []question{q}); err != nil {
			return "", err
		}
		return listAnswers(server.Name+" on "+server.Spec.NodeName, []question{q}), nil
	})
}

// asksAnother has a CoreDNS pod forward to the resolver of the user's choice, which
// need not know the names of the nodes' container network: that there is no such
// name is an answer too.
func asksAnother(ctx context.Context, t *verify.Target, server corev1.Pod, q question, resolvers []string) (string, error) {
	const undo = "forward . /etc/resolv.conf in kubectl -n kube-system edit configmap coredns, then: kubectl -n kube-system rollout restart deployment coredns"
	if len(resolvers) == 0 {
		return "", verify.Differs("none", undo, errors.New("the Corefile forwards to no resolver: pods find no names from outside of the cluster"))
	}
	q.anyAnswer = true
	err := askPod(ctx, t, server.Name, []question{q})
	if err != nil && ctx.Err() == nil { // a question may get lost on its way to a server outside
		err = askPod(ctx, t, server.Name, []question{q})
	}
	if err != nil {
		if verify.IsUnobservable(err) {
			return "", err
		}
		return "", verify.Differs(strings.Join(resolvers, ","), undo, fmt.Errorf("the Corefile forwards to %s, which does not answer: %w", strings.Join(resolvers, " "), err))
	}
	return fmt.Sprintf("%s on %s: %s, to which the Corefile forwards, answers", server.Name, server.Spec.NodeName, strings.Join(resolvers, " ")), nil
}

// outsideQuestion asks for a node's address, of another one than is given where
// there is one.
func outsideQuestion(nodes []corev1.Node, not string) (question, error) {
	if len(nodes) == 0 {
		return question{}, errors.New("there are no nodes")
	}
	node := nodes[0]
	if node.Name == not && len(nodes) > 1 {
		node = nodes[1]
	}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return question{
				name:   dns.Fqdn(node.Name),
				kind:   addressKind(address.Address),
				want:   []string{address.Address},
				reason: "the address of a node",
			}, nil
		}
	}
	return question{}, fmt.Errorf("node %s has no internal address", node.Name)
}
