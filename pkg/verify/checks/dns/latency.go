package dns

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const (
	// latencyQueries is how many lookups are timed, latencyLimit what nineteen
	// of twenty may take. Neighbors on one machine take a millisecond.
	latencyQueries = 100
	latencyLimit   = 100 * time.Millisecond
	// latencyTime is when it is enough: so long the lookups take when they are
	// far too slow, and then fewer of them tell as much.
	latencyTime = 6 * time.Second
)

func dnsLatencyCheck() verify.Check {
	return verify.Check{
		ID: "dns.latency", AfterWorkloads: true, Group: groupDNS, Title: "Pods get DNS answers quickly",
		Proves: fmt.Sprintf("A pod sends the DNS Service %d queries for cluster names over UDP, one after another on one forwarded connection. "+
			"The measured times include the path through the API server and the kubelet, which requests without DNS measure in between: "+
			"the 95th percentile of the lookups may exceed theirs by %s at most, so a busy machine alone causes no warning. Slow lookups make everything else look slow.", latencyQueries, latencyLimit),
		Hint:   "look at the load of CoreDNS and of its nodes: kubectl -n kube-system logs -l k8s-app=kube-dns; kubectl -n kube-system describe pods -l k8s-app=kube-dns",
		Needs:  []string{"dns.records"},
		Rights: verify.JoinRights(probe.RightsOfFleet, probe.RightsOfFleetServices, rightsOfDNSAddress),
		Slow:   true, Advisory: true, Timeout: 20 * time.Second, Skip: verify.WithoutNodes, Run: dnsLatency,
	}
}

func dnsLatency(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	in, err := lookupInput(ctx, t)
	if err != nil {
		return nil, err
	}
	lookups, empty, err := timeLookups(ctx, t.Pods, in.probes[0], in.address, textQuestions(in.probes[0].Namespace, in.domain, in.services))
	if err != nil {
		return nil, err
	}
	return evaluateLatency(in.probes[0].Node, lookups, empty)
}

// timeLookups asks in turn for DNS answers and for none, over one connection.
func timeLookups(
	ctx context.Context, pods verify.Pods, from probe.Probe, server string, questions []question,
) (lookups, empty []time.Duration, err error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return pods.DialPod(ctx, from.Namespace, from.Name, from.HTTPPort)
	}, MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	ask := func(path string) (int, []byte, time.Duration, error) {
		started := time.Now()
		status, body, err := kube.RoundTrip(ctx, transport, "http://probe"+path)
		if err != nil {
			err = verify.Unobservable(fmt.Errorf("ask the probe on %s: %w", from.Node, err))
		}
		return status, body, time.Since(started), err
	}
	if _, _, _, err := ask("/hostname"); err != nil { // opens the connection
		return nil, nil, err
	}
	begun := time.Now()
	for i := 0; i < latencyQueries && time.Since(begun) < latencyTime; i++ {
		_, _, took, err := ask("/hostname")
		if err != nil {
			return nil, nil, err
		}
		empty = append(empty, took)
		d, err := questions[i%len(questions)].overUDP(server)
		if err != nil {
			return nil, nil, verify.Unobservable(err)
		}
		status, body, took, err := ask(d.path)
		if err != nil {
			return nil, nil, err
		}
		problem, err := d.evaluate(status, body)
		if err != nil {
			return nil, nil, verify.Unobservable(fmt.Errorf("ask the probe on %s: %w", from.Node, err))
		}
		if problem != "" {
			return nil, nil, fmt.Errorf("lookup %d, from %s: %s: %s", i+1, from.Node, d.question, problem)
		}
		lookups = append(lookups, took)
	}
	return lookups, empty, nil
}

// evaluateLatency compares the lookups with the requests that needed none.
func evaluateLatency(node string, lookups, empty []time.Duration) (verify.Evidence, error) {
	if len(lookups) == 0 || len(empty) == 0 {
		return nil, verify.Unobservable(fmt.Errorf("%s: nothing was timed", node))
	}
	slices.Sort(lookups)
	slices.Sort(empty)
	limit := latencyLimit + percentile(empty, 95)
	evidence := verify.Evidence{
		fmt.Sprintf("%s: %d lookups: p50 %s, p95 %s, max %s", node, len(lookups), percentile(lookups, 50), percentile(lookups, 95), percentile(lookups, 100)),
		fmt.Sprintf("%s: the way to the pod alone: p50 %s, p95 %s, max %s", node, percentile(empty, 50), percentile(empty, 95), percentile(empty, 100)),
	}
	if p95 := percentile(lookups, 95); p95 > limit {
		return evidence, fmt.Errorf("%s: the 95th percentile of %d lookups is %s, over the limit of %s and the %s that the way to the pod takes",
			node, len(lookups), p95, latencyLimit, percentile(empty, 95))
	}
	return evidence, nil
}

// percentile returns the smallest of the sorted times that p percent of them do
// not exceed, to the tenth of a millisecond.
func percentile(sorted []time.Duration, p int) time.Duration {
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1].Round(100 * time.Microsecond)
}
