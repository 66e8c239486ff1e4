package network

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const lookAtProxy = "look at what serves Services on the nodes named, kube-proxy (kubectl -n kube-system logs -l k8s-app=kube-proxy) or the CNI in its place; kubectl get endpointslices -A"

func serviceChecks() []verify.Check {
	return []verify.Check{
		{
			ID: "svc.clusterip", Nodes: verify.AllNodes, Group: groupService, Title: "A new Service's address reaches its pods from every node",
			Proves: "A pod on every node sends a request to the ClusterIP of a new Service, without using DNS, once for each IP family. One of the Service's pods must respond.",
			Hint:   lookAtProxy,
			Needs:  []string{"net.pods", "kcm.slices", "proxy.mode", "proxy.health", "proxy.rules"},
			Rights: probe.RightsOfServices,
			Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: serviceAnswers,
		},
		{
			ID: "svc.spread", Nodes: verify.AllNodes, Group: groupService, Title: "A Service's address reaches all of its pods from every node",
			Proves: fmt.Sprintf("Opens new connections from every node until each endpoint has responded; nothing else may respond. "+
				"A missing rule for one endpoint shows up as occasional failed requests. With more than %d nodes, it is enough that each endpoint has responded to some node.", probe.ManyNodes),
			Hint:   lookAtProxy,
			Needs:  []string{"svc.clusterip"},
			Rights: probe.RightsOfServices,
			Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: serviceSpreads,
		},
		hairpinCheck(),
		nodePortCheck(),
		removalCheck(),
	}
}

// serviceAnswers dials the Service's address by number once from every node.
func serviceAnswers(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	return toService(ctx, t, 1, func(names []string) func(answers, failures []string) string { return answeredBy(names...) })
}

// serviceSpreads dials often enough to see every endpoint.
func serviceSpreads(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if len(probes) > probe.ManyNodes {
		return serviceSpreadsOverMany(ctx, t, probes)
	}
	return toService(ctx, t, enoughTries(len(probes)), answeredByAll)
}

// enoughTries is how many fresh connections show all of n endpoints but for a
// chance of less than one in ten thousand, when each is as likely as another.
func enoughTries(n int) int { return n*n + 30 }

// serviceSpreadsOverMany makes as many connections from each node as manyNodes
// take, which is enough to see every endpoint from some node.
func serviceSpreadsOverMany(ctx context.Context, t *verify.Target, probes []probe.Probe) (verify.Evidence, error) {
	tries, answered := enoughTries(probe.ManyNodes), map[string]bool{}
	evidence, err := toService(ctx, t, tries, func(names []string) func(answers, failures []string) string {
		evaluate := answeredBy(names...)
		return func(answers, failures []string) string { // by one at a time
			for _, answer := range answers {
				answered[answer] = true
			}
			return evaluate(answers, failures)
		}
	})
	if err != nil {
		return evidence, err
	}
	if silent := silentOf(probe.Names(probes), slices.Collect(maps.Keys(answered))); silent != "" {
		return evidence, fmt.Errorf("%s never answered in %d connections from each of %d nodes", silent, tries, len(probes))
	}
	sample := fmt.Sprintf("a sample: in %d connections from each of %d nodes every endpoint answered, though not to every node", tries, len(probes))
	return append(verify.Evidence{sample}, evidence...), nil
}

func toService(
	ctx context.Context, t *verify.Target, tries int, evaluate func(names []string) func(answers, failures []string) string,
) (verify.Evidence, error) {
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := probe.Of(t).FleetAddresses(ctx)
	if err != nil {
		return nil, err
	}
	names := probe.Names(probes)
	var requests []probeRequest
	for _, p := range probes {
		for _, address := range addresses {
			requests = append(requests, probeRequest{from: p, to: "Service " + probe.FleetService, protocol: "http",
				host: address, port: probe.ServicePort, request: askName, tries: tries, evaluate: evaluate(names)})
		}
	}
	return verify.Evaluated(sendAll(ctx, requests))
}

// answeredByAll wants each of the names among the answers, and no other.
func answeredByAll(names []string) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		if problem := answeredBy(names...)(answers, failures); problem != "" {
			return problem
		}
		if silent := silentOf(names, answers); silent != "" {
			return fmt.Sprintf("%s never answered in %d connections", silent, len(answers))
		}
		return ""
	}
}

// silentOf are the names that are not among the answers.
func silentOf(names, answers []string) string {
	silent := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(answers, name) })
	return strings.Join(silent, ", ")
}

const groupService = "service"
