package dns

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func dnsRecordsCheck() verify.Check {
	return verify.Check{
		ID: "dns.records", AfterWorkloads: true, Group: groupDNS, Title: "Every CoreDNS pod and the DNS Service resolve new Services",
		Proves: "As many CoreDNS pods must be ready as the Deployment asks for. Each is queried over TCP for the A or AAAA, SRV and PTR records of a new Service, for the pods of a headless Service, and for a name that does not exist. A pod on the last node also queries the address of the DNS Service over UDP, and one on the first node over TCP. A CoreDNS pod that no longer watches Services shows up as occasional failed lookups.",
		Hint:   dnsHint,
		Needs:  []string{"net.pods", "kcm.slices", "svc.clusterip"},
		Rights: verify.JoinRights(probe.RightsOfFleet, probe.RightsOfFleetServices, rightsOfDNSPods, rightsOfDNSAddress),
		Slow:   true, Timeout: 20 * time.Second, Skip: verify.WithoutNodes, Run: dnsRecords,
	}
}

// dnsRecords asks all CoreDNS pods, and their Service over TCP, side by side, and
// over UDP when all of them know the Services.
func dnsRecords(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	servers, err := dnsPods(ctx, t)
	if err != nil {
		return nil, err
	}
	in, err := lookupInput(ctx, t)
	if err != nil {
		return nil, err
	}
	address, probes, services, domain := in.address, in.probes, in.services, in.domain
	namespace := probes[0].Namespace
	questions := questionsFor(namespace, domain, services, probes)
	var ways []func() (string, error)
	for _, server := range servers {
		ways = append(ways, func() (string, error) {
			if err := askPod(ctx, t, server.Name, questions); err != nil {
				return "", err
			}
			return listAnswers(server.Name+" on "+server.Spec.NodeName, questions), nil
		})
	}
	ways = append(ways, func() (string, error) {
		return dnsOverTCP(
			ctx,
			probes[0],
			address,
			questions[slices.IndexFunc(questions, func(q question) bool { return strings.HasPrefix(q.name, probe.HeadlessFleet) })],
		)
	})
	evidence, err := verify.Each(ways, nil, func(way func() (string, error)) (string, error) { return way() })
	if err != nil {
		return evidence, err
	}
	seen, err := dnsOverUDP(ctx, probes[len(probes)-1], address, textQuestions(namespace, domain, services))
	if err != nil {
		return evidence, err
	}
	return append(evidence, seen), nil
}

// listAnswers tells in one line what was answered rightly.
func listAnswers(who string, questions []question) string {
	var answers []string
	for _, q := range questions {
		answer := strings.Join(q.want, ", ")
		if q.want == nil {
			answer = "no such name"
		}
		answers = append(answers, fmt.Sprintf("%s %s (%s)", dns.TypeToString[q.kind], answer, q.reason))
	}
	return who + ": " + strings.Join(answers, "; ")
}

// dnsOverUDP puts the questions to the DNS Service from a pod.
func dnsOverUDP(ctx context.Context, from probe.Probe, address string, questions []question) (string, error) {
	for _, q := range questions {
		problem, err := askUDP(ctx, from, address, q)
		if err != nil {
			return "", err
		}
		if problem != "" {
			return "", fmt.Errorf("DNS Service %s over UDP, from %s: %s: %s", address, from.Node, q, problem)
		}
	}
	return listAnswers(fmt.Sprintf("%s over UDP, from %s", address, from.Node), questions), nil
}

// dnsOverTCP has a pod ask the DNS Service over TCP for one of the questions that ask
// for addresses.
func dnsOverTCP(ctx context.Context, from probe.Probe, address string, q question) (string, error) {
	answer, err := from.Shell(ctx, fmt.Sprintf("dig +tcp +short +time=2 +tries=1 @%s %s %s", address, q.name, dns.TypeToString[q.kind]))
	if err != nil {
		return "", err
	}
	got := strings.Fields(answer.Output)
	slices.Sort(got)
	if !slices.Equal(got, q.want) {
		return "", fmt.Errorf("DNS Service %s over TCP, from %s: %s: got %q, expected %s", address, from.Node, q, strings.TrimSpace(answer.Output+" "+answer.Error), strings.Join(q.want, ", "))
	}
	return listAnswers(fmt.Sprintf("%s over TCP, from %s", address, from.Node), []question{q}), nil
}
