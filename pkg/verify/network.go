package verify

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

	"github.com/kindctl/kindctl/pkg/kube"
)

// The groups of the checks in this file and its neighbors.
const (
	groupNetwork = "network"
	groupService = "service"
	groupDNS     = "dns"
	groupPolicy  = "policy"
)

// networkChecks are the checks that send packets between pods.
func networkChecks() []Check {
	return []Check{{
		ID: "net.pods", Nodes: AllNodes, Group: groupNetwork, Title: "Pods on all nodes reach each other by their own addresses",
		Proves:  "A pod on every node asks the pod on every node, itself included, for its name, over TCP and UDP, at each of its addresses, and that pod must be the one that answers. No two have the same address, and all have one of each IP family that the cluster was made with. " + aSample,
		Hint:    "look at the CNI's agent on the nodes named, and at its routes: kubectl -n kube-system get pods -o wide; on the node: ip route; ip -brief link; sysctl net.ipv4.ip_forward",
		Needs:   []string{"kubelet.work"},
		Rights:  rights(RightsOfFleet, rightsOfWidePolicies),
		Differs: "Nothing passes between pods, and somebody has policies of Cilium or Calico above all namespaces.",
		Slow:    true, Timeout: 20 * time.Second, Skip: withoutCNI, Run: podsReachEachOther,
	}, hostCheck(), mtuCheck(), podPortCheck(), egressCheck()}
}

// podsReachEachOther dials every probe from every probe, itself included.
func podsReachEachOther(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if err := uniqueAddresses(probes); err != nil {
		return nil, err
	}
	if err := t.Expect.familiesOf(probes); err != nil {
		return nil, err
	}
	var ways []way
	for _, p := range pairsOf(probes, probes) {
		judge := answeredBy(p.to.Name)
		for _, to := range p.to.Faces() {
			ways = append(ways,
				way{from: p.from, to: to.Node, protocol: "http", host: to.IP, port: to.HTTPPort, request: askName, judge: judge},
				way{from: p.from, to: to.Node, protocol: "udp", host: to.IP, port: to.UDPPort, request: askName, judge: judge})
		}
	}
	evidence, err := trySample(ctx, len(probes), ways)
	if err != nil && len(evidence) == 0 {
		err = t.orPolicy(ctx, err)
	}
	return evidence, err
}

// askName is the request that probes answer with their name.
const askName = "hostname"

// way is something to be sent from a probe, and what judges the answers: it
// returns what is wrong with them, or "".
type way struct {
	from     Probe
	to       string // for people
	about    string // the node that a failure is about; "" is the one it is sent from
	protocol string // http or udp
	host     string
	port     int
	request  string
	tries    int           // 0 means 1
	patience time.Duration // for all tries; 0 means what defaultPatience says
	judge    func(answers, failures []string) string
}

// defaultPatience is how long a number of tries may take, made one after the
// other, with the way to the probe. A probe by itself waits 5 s for each answer
// that does not come, so that a few of them would take all the time of a check.
func defaultPatience(tries int) time.Duration {
	return 4*time.Second + time.Duration(tries-1)*20*time.Millisecond
}

// parallelDials bounds the dials of one check that are under way.
const parallelDials = 12

// tryAll tries all ways side by side. The error names each that is broken, or
// only that the time was over.
func tryAll(ctx context.Context, ways []way) (Evidence, error) {
	var mu sync.Mutex
	var evidence Evidence
	var problems []error
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelDials)
	for _, w := range ways {
		group.Go(func() error {
			answers, failures, err := w.send(ctx)
			if err != nil && ctx.Err() != nil {
				return Unobservable(err)
			}
			name := fmt.Sprintf("%s -> %s (%s, %s)", w.from.Node, w.to, net.JoinHostPort(w.host, strconv.Itoa(w.port)), w.protocol)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problems = append(problems, AboutNode(w.from.Node, Unobservable(err)))
			} else if problem := w.judge(answers, failures); problem != "" {
				problems = append(problems, AboutNode(cmp.Or(w.about, w.from.Node), errors.New(name+": "+problem)))
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
	return evidence, joined(problems)
}

// send tries one way. That its patience ended is a failure like others.
func (w way) send(ctx context.Context) (answers, failures []string, err error) {
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

func uniqueAddresses(probes []Probe) error {
	owner := map[string]string{}
	for _, probe := range probes {
		for _, ip := range probe.IPs {
			if other, taken := owner[ip]; taken {
				return Final(fmt.Errorf("%s and %s both have the address %s", other, probe.Name, ip))
			}
			owner[ip] = probe.Name
		}
	}
	return nil
}

// familiesOf wants every probe to have an address of each IP family that the
// cluster was made with.
func (e Expectation) familiesOf(probes []Probe) error {
	var problems []error
	for _, probe := range probes {
		four, six := kube.ByFamily(strings.Join(probe.IPs, ","))
		if four == "" && (e.IPFamily == "ipv4" || e.IPFamily == "dual") || six == "" && (e.IPFamily == "ipv6" || e.IPFamily == "dual") {
			problems = append(problems, AboutNode(probe.Node, fmt.Errorf("%s on %s has the addresses %v, in a cluster of IP family %s", probe.Name, probe.Node, probe.IPs, e.IPFamily)))
		}
	}
	return joined(problems)
}

// joined joins errors in the order of their texts, or returns nil.
func joined(problems []error) error {
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}
