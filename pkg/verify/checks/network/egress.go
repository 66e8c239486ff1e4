package network

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func egressCheck() verify.Check {
	return verify.Check{
		ID: "net.egress", Nodes: verify.AllNodes, Group: groupNetwork, Title: "Pods on all nodes reach an address outside the cluster",
		Proves: "From the host network of every node, a connection is made to the nodes' default gateway, which may refuse it but must respond. A pod on that node must get a response too. A gateway without a route to the pods, such as that of kind's network, can respond to a pod only if the node replaces the pod's address with its own (masquerading). No Internet access is needed.",
		Hint:   "look at what masquerades on the nodes named: docker exec NODE iptables-save -t nat; kubectl get ippools.crd.projectcalico.org -o yaml (natOutgoing); kubectl -n kube-system get configmap cilium-config -o yaml | grep masquerade",
		Needs:  []string{"net.pods"},
		Rights: probe.RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: verify.WithoutCNI, Run: outsideReached,
	}
}

const (
	// outsidePort is TCP's discard, which hardly anything serves: a host refuses it.
	outsidePort = 9
	// outsidePatience leaves time to send a lost first packet again, after 1 s.
	outsidePatience = 2500 * time.Millisecond
)

func outsideReached(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	probes, hosts, err := probe.Of(t).ProbesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	gateways, err := gateways(ctx, hosts[0], probes[0].IPs)
	if err != nil {
		return nil, err
	}
	if len(gateways) == 0 {
		return nil, verify.Inapplicable("the nodes have no default gateway that pods could ask")
	}
	var evidence, silent verify.Evidence
	var requests []probeRequest
	for _, gateway := range gateways {
		answering, problem, err := answered(ctx, hosts, gateway)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			silent = append(silent, fmt.Sprintf("%s does not answer all nodes themselves: %v", gateway, problem))
		}
		for _, p := range probes {
			if answering[p.Node] {
				requests = append(requests, toOutside(p, gateway))
			}
		}
	}
	if len(requests) == 0 {
		return nil, verify.Inapplicable("nothing outside of the cluster answers its nodes: " + strings.Join(silent, "; "))
	}
	if _, err := verify.Evaluated(sendAll(ctx, requests)); err != nil {
		return silent, err
	}
	for _, w := range requests {
		evidence = append(evidence, fmt.Sprintf("%s: a pod gets an answer from %s, as its node does", w.from.Node, w.host))
	}
	return append(evidence, silent...), nil
}

// answered returns the nodes that get an answer from an address outside, and what
// became of the others.
func answered(ctx context.Context, hosts []probe.Probe, gateway netip.Addr) (nodes map[string]bool, problem, err error) {
	nodes = map[string]bool{}
	var requests []probeRequest
	for _, host := range hosts {
		nodes[host.Node] = true
		requests = append(requests, toOutside(host, gateway))
	}
	_, problem = sendAll(ctx, requests)
	if verify.IsUnobservable(problem) {
		return nil, nil, problem
	}
	for _, finding := range verify.Findings(problem) {
		nodes[finding.Node] = false
	}
	return nodes, problem, nil
}

func toOutside(from probe.Probe, gateway netip.Addr) probeRequest {
	return probeRequest{from: from, to: "the gateway outside", protocol: "http", host: gateway.String(), port: outsidePort, request: askName,
		patience: outsidePatience, evaluate: answeredAtAll}
}

// answeredAtAll accepts a refusal, and whatever else an address outside answers.
func answeredAtAll(answers, failures []string) string {
	if len(answers) > 0 {
		return ""
	}
	for _, failure := range failures {
		if strings.Contains(failure, "connection refused") || strings.Contains(failure, "reset by peer") ||
			strings.Contains(failure, "malformed HTTP") || strings.Contains(failure, "EOF") {
			return ""
		}
	}
	return "no answer came back: " + strings.Join(append(failures, "nothing was tried")[:1], "")
}

// gateways are the default gateways of the probe's node, one of each IP family that
// the addresses have. One that is on a link, as routers announce it in IPv6, is no
// address for pods.
func gateways(ctx context.Context, p probe.Probe, like []string) (found []netip.Addr, err error) {
	tables := map[bool]struct {
		path string
		read func(string) (netip.Addr, error)
	}{
		false: {"/proc/net/route", defaultRoute},
		true:  {"/proc/net/ipv6_route", defaultRoute6},
	}
	seen := map[bool]bool{}
	for _, ip := range like {
		six := strings.Contains(ip, ":")
		if seen[six] {
			continue
		}
		seen[six] = true
		text, err := p.ReadFile(ctx, tables[six].path)
		if err != nil {
			return nil, err
		}
		gateway, err := tables[six].read(text)
		if err != nil {
			return nil, verify.Unobservable(fmt.Errorf("%s of %s: %w", tables[six].path, p.Node, err))
		}
		if gateway.IsValid() && !gateway.IsLinkLocalUnicast() {
			found = append(found, gateway)
		}
	}
	return found, nil
}

// errRoute is a line of a table that is in another format.
var errRoute = errors.New("it has an unknown format")

// defaultRoute reads the kernel's table for IPv4 (Linux, fib_trie.c): fields of
// Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask, with addresses as the
// machine keeps numbers. No gateway is no error.
func defaultRoute(table string) (gateway netip.Addr, err error) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" || fields[2] == "00000000" {
			continue
		}
		number, err := strconv.ParseUint(fields[2], 16, 32)
		if err != nil {
			return netip.Addr{}, errRoute
		}
		var octets [4]byte
		binary.NativeEndian.PutUint32(octets[:], uint32(number)) //nolint:gosec // it has 32 bits
		return netip.AddrFrom4(octets), nil
	}
	return netip.Addr{}, nil
}

// defaultRoute6 reads the kernel's table for IPv6 (Linux, net/ipv6/route.c):
// destination and length, source and length, next hop, metric and more. No gateway is
// no error.
func defaultRoute6(table string) (gateway netip.Addr, err error) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[1] != "00" || strings.Trim(fields[4], "0") == "" {
			continue
		}
		octets, err := hex.DecodeString(fields[4])
		if err != nil || len(octets) != 16 {
			return netip.Addr{}, errRoute
		}
		return netip.AddrFrom16([16]byte(octets)), nil
	}
	return netip.Addr{}, nil
}
