// Package network checks that packets pass between pods, nodes and Services.
package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// Checks returns the checks that send packets between pods, and to Services, in a
// cluster that can have one of these CNIs.
func Checks(cnis []verify.CNI) []verify.Check {
	return slices.Concat(networkChecks(cnis), serviceChecks())
}

func networkChecks(cnis []verify.CNI) []verify.Check {
	policies := clusterPolicies(slices.DeleteFunc(slices.Clone(cnis), func(cni verify.CNI) bool { return cni.ClusterPolicies.Empty() }))
	return []verify.Check{{
		ID: "net.pods", Nodes: verify.AllNodes, Group: groupNetwork, Title: "Pods on all nodes reach each other by their own addresses",
		Proves:  "A pod on every node asks the pod on every node, its own included, for its name, over TCP and UDP and at each of its addresses. The pod that was asked must respond. No two pods may share an address, and every pod must have one address of each IP family of the cluster. " + probe.SampleNote,
		Hint:    "look at the CNI's agent on the nodes named, and at its routes: kubectl -n kube-system get pods -o wide; on the node: ip route; ip -brief link; sysctl net.ipv4.ip_forward",
		Needs:   []string{"kubelet.work"},
		Rights:  verify.JoinRights(probe.RightsOfFleet, policies.rights()),
		Differs: "No traffic passes between pods, and the CNI has cluster-wide policies.",
		Slow:    true, Timeout: 20 * time.Second, Skip: verify.WithoutCNI,
		Run: func(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
			return podsReachEachOther(ctx, t, policies)
		},
	}, hostCheck(), mtuCheck(), podPortCheck(), egressCheck()}
}

// podsReachEachOther dials every probe from every probe, itself included.
func podsReachEachOther(ctx context.Context, t *verify.Target, policies clusterPolicies) (verify.Evidence, error) {
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if err := uniqueAddresses(probes); err != nil {
		return nil, err
	}
	if err := familiesOf(t.Expect, probes); err != nil {
		return nil, err
	}
	var requests []probeRequest
	for _, p := range probe.Pairs(probes, probes) {
		evaluate := answeredBy(p.To.Name)
		for _, to := range p.To.PerAddress() {
			requests = append(requests,
				probeRequest{from: p.From, to: to.Node, protocol: "http", host: to.IP, port: to.HTTPPort, request: askName, evaluate: evaluate},
				probeRequest{from: p.From, to: to.Node, protocol: "udp", host: to.IP, port: to.UDPPort, request: askName, evaluate: evaluate})
		}
	}
	evidence, err := trySample(ctx, len(probes), requests)
	if err != nil && len(evidence) == 0 {
		err = policies.explain(ctx, t, err)
	}
	return evidence, err
}

// askName is the request that probes answer with their name.
const askName = "hostname"

// probeRequest is something to be sent from a probe, and what evaluates the answers: it
// returns what is wrong with them, or "".
type probeRequest struct {
	from     probe.Probe
	to       string // for people
	about    string // the node that a failure is about; "" is the one it is sent from
	protocol string // http or udp
	host     string
	port     int
	request  string
	tries    int           // 0 means 1
	patience time.Duration // for all tries; 0 means what defaultPatience says
	evaluate func(answers, failures []string) string
}

// defaultPatience is how long a number of tries may take, made one after the
// other, with the way to the probe. A probe by itself waits 5 s for each answer
// that does not come, so that a few of them would take all the time of a check.
func defaultPatience(tries int) time.Duration {
	return 4*time.Second + time.Duration(tries-1)*20*time.Millisecond
}

// sendAll tries all requests side by side. The error names each that is broken, or
// only that the time was over.
func sendAll(ctx context.Context, requests []probeRequest) (verify.Evidence, error) {
	var mu sync.Mutex
	var evidence verify.Evidence
	var problems []error
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(probe.ParallelDials)
	for _, w := range requests {
		group.Go(func() error {
			answers, failures, err := w.send(ctx)
			if err != nil && ctx.Err() != nil {
				return verify.Unobservable(err)
			}
			name := fmt.Sprintf("%s -> %s (%s, %s)", w.from.Node, w.to, net.JoinHostPort(w.host, strconv.Itoa(w.port)), w.protocol)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problems = append(problems, verify.AboutNode(w.from.Node, verify.Unobservable(err)))
			} else if problem := w.evaluate(answers, failures); problem != "" {
				problems = append(problems, verify.AboutNode(cmp.Or(w.about, w.from.Node), errors.New(name+": "+problem)))
			} else {
				evidence = append(evidence, fmt.Sprintf("%s: %d answered", name, len(answers)))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(evidence)
	return evidence, verify.JoinSorted(problems)
}

// send tries one way. That its patience ended is a failure like others.
func (w probeRequest) send(ctx context.Context) (answers, failures []string, err error) {
	tries := max(w.tries, 1)
	patience := cmp.Or(w.patience, defaultPatience(tries))
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answers, failures, err = w.from.Send(bounded, w.protocol, w.host, w.port, w.request, tries)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, []string{fmt.Sprintf("no answer within %v", patience)}, nil
	}
	return answers, failures, err
}

// answeredBy wants every answer to be one of the names, and no failure.
func answeredBy(names ...string) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		if len(failures) > 0 {
			return fmt.Sprintf("%d of %d failed: %s", len(failures), len(failures)+len(answers), failures[0])
		}
		for _, answer := range answers {
			if !slices.Contains(names, answer) {
				return fmt.Sprintf("%q answered", answer)
			}
		}
		if len(answers) == 0 {
			return "no answer"
		}
		return ""
	}
}

func uniqueAddresses(probes []probe.Probe) error {
	owner := map[string]string{}
	for _, p := range probes {
		for _, ip := range p.IPs {
			if other, taken := owner[ip]; taken {
				return verify.Final(fmt.Errorf("%s and %s both have the address %s", other, p.Name, ip))
			}
			owner[ip] = p.Name
		}
	}
	return nil
}

// familiesOf wants every probe to have an address of each IP family that the
// cluster was made with.
func familiesOf(e verify.Expectation, probes []probe.Probe) error {
	var problems []error
	for _, p := range probes {
		four, six := kube.ByFamily(strings.Join(p.IPs, ","))
		if four == "" && (e.IPFamily == "ipv4" || e.IPFamily == "dual") || six == "" && (e.IPFamily == "ipv6" || e.IPFamily == "dual") {
			problems = append(problems, verify.AboutNode(p.Node, fmt.Errorf("%s on %s has the addresses %v, in a cluster of IP family %s", p.Name, p.Node, p.IPs, e.IPFamily)))
		}
	}
	return verify.JoinSorted(problems)
}

// trySample tries the requests that pairsOf gave, and says how many it left out.
func trySample(ctx context.Context, nodes int, requests []probeRequest) (verify.Evidence, error) {
	evidence, err := verify.Evaluated(sendAll(ctx, requests))
	if nodes > probe.ManyNodes {
		sample := fmt.Sprintf("a sample: from each of %d nodes to %d others", nodes, len(probe.Offsets(nodes))-1)
		evidence = append(verify.Evidence{sample}, evidence...)
	}
	return evidence, err
}

const groupNetwork = "network"
