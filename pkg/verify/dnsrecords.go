package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

func dnsRecordsCheck() Check {
	return Check{
		ID: "dns.records", Late: true, Group: groupDNS, Title: "Every CoreDNS pod, and their Service, answers for new Services",
		Proves: "Every CoreDNS pod, of which as many are ready as the Deployment wants, is asked over TCP for the A or AAAA, SRV and PTR records of a new Service, the pods of a headless one, and a name that does not exist. " +
			"A pod asks the DNS Service's address over UDP, another over TCP. One CoreDNS pod that no longer watches Services would else show as lookups that fail now and then.",
		Hint:   dnsHint,
		Needs:  []string{"net.pods", "kcm.slices", "svc.clusterip"},
		Rights: rights(RightsOfFleet, rightsOfFleetServices, rightsOfDNSPods, rightsOfDNSAddress),
		Slow:   true, Timeout: 20 * time.Second, Skip: withoutDNS, Run: dnsRecords,
	}
}

// dnsRecords asks all CoreDNS pods, and their Service over TCP, side by side, and
// over UDP when all of them know the Services.
func dnsRecords(ctx context.Context, t *Target) (Evidence, error) {
	servers, err := t.dnsPods(ctx)
	if err != nil {
		return nil, err
	}
	address, err := t.dnsAddress(ctx)
	if err != nil {
		return nil, err
	}
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	services, err := t.fleetServices(ctx)
	if err != nil {
		return nil, err
	}
	domain, err := t.clusterDomain(ctx, probes)
	if err != nil {
		return nil, err
	}
	namespace := probes[0].Namespace
	questions := questionsFor(namespace, domain, services, probes)
	var ways []func() (string, error)
	for _, server := range servers {
		ways = append(ways, func() (string, error) {
			if err := t.askPod(ctx, server.Name, questions); err != nil {
				return "", err
			}
			return listAnswers(server.Name+" on "+server.Spec.NodeName, questions), nil
		})
	}
	ways = append(ways, func() (string, error) {
		return t.dnsOverTCP(ctx, probes, address, serviceName(namespace, domain, headlessFleet))
	})
	evidence, err := each(ways, func(way func() (string, error)) (string, error) { return way() })
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
func dnsOverUDP(ctx context.Context, from Probe, address string, questions []question) (string, error) {
	for _, q := range questions {
		problem, err := from.askUDP(ctx, address, q)
		if err != nil {
			return "", err
		}
		if problem != "" {
			return "", fmt.Errorf("DNS Service %s over UDP, from %s: %s: %s", address, from.Node, q, problem)
		}
	}
	return listAnswers(fmt.Sprintf("%s over UDP, from %s", address, from.Node), questions), nil
}

// dnsOverTCP makes a pod whose resolver asks the DNS Service over TCP alone, and
// lets it connect by name to the pods of a headless Service.
func (t *Target) dnsOverTCP(ctx context.Context, probes []Probe, address, name string) (string, error) {
	started, err := t.startProbes(ctx, []*corev1.Pod{t.tcpResolver(probes[0].Node, address)})
	if err != nil {
		return "", err
	}
	from := started[0]
	answers, failures, err := from.Dial(ctx, "http", name, probeHTTPPort, 1)
	if err != nil {
		return "", Unobservable(err)
	}
	if len(failures) > 0 || len(answers) == 0 {
		return "", fmt.Errorf("DNS Service %s over TCP, from %s: connect to %s: %s", address, from.Node, name, append(failures, "no answer")[0])
	}
	for _, probe := range probes {
		if answers[0] == probe.Name {
			return fmt.Sprintf("%s over TCP, from %s: %s led to %s", address, from.Node, name, answers[0]), nil
		}
	}
	return "", fmt.Errorf("DNS Service %s over TCP, from %s: %s led to %q", address, from.Node, name, answers[0])
}

// tcpResolver is a probe pod with a resolv.conf of its own. Its times are short,
// so that it reports a failure before the check's time is over.
func (t *Target) tcpResolver(node, address string) *corev1.Pod {
	seconds, once := "2", "1"
	pod := t.probePod("dns-tcp", node, nil)
	pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	pod.Spec.DNSPolicy = corev1.DNSNone
	pod.Spec.DNSConfig = &corev1.PodDNSConfig{Nameservers: []string{address}, Options: []corev1.PodDNSConfigOption{
		{Name: "use-vc"}, {Name: "timeout", Value: &seconds}, {Name: "attempts", Value: &once},
	}}
	return pod
}
