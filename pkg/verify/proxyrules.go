package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

func proxyRuleChecks() []Check {
	return []Check{{
		ID: "proxy.rules", Nodes: AllNodes, Group: groupProxy, Title: "The kernel of every node has kube-proxy's rules for a new Service",
		Proves: "On every node the kernel's own tables are read: in mode iptables a chain per Service that sends the ClusterIP to the pods behind it, in nftables a map of Services and a chain for each, in ipvs a virtual server, made through netlink. The new Service's address must lead to each endpoint and to nothing else. --show-evidence prints the rules. /proxyMode only says what was configured.",
		Hint:   "look at the rules and at kube-proxy's log on the node named: docker exec NODE iptables-save -t nat (or nft list table ip kube-proxy, or cat /proc/net/ip_vs); kubectl -n kube-system logs POD",
		Needs:  []string{"kubelet.alive", "net.pods", "kcm.slices", "proxy.mode"},
		Rights: rights(rightsOfServices, rightsOfNodes, rightsOfSystemPods, rightsOfExecs),
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutRules, Run: proxyRules,
	}}
}

func withoutRules(t *Target) string {
	if reason := withoutProxy(t); reason != "" {
		return reason
	}
	return withoutCNI(t)
}

// balanced is a Service's port and the endpoints to which it must lead.
type balanced struct {
	name      string // NAMESPACE/NAME:PORTNAME
	address   netip.AddrPort
	endpoints []string // IP:PORT, sorted
}

// table says how a mode's rules are printed and read. The command is run in
// kube-proxy's container, which has the programs that kube-proxy itself runs, or
// in a probe on the node's network. The reader returns the rules that lead to the
// endpoints, and an error where they lead elsewhere.
type table struct {
	command []string
	byProbe bool
	read    func(printed string, service balanced) (rules []string, err error)
}

var tables = map[string]table{
	"iptables": {[]string{"iptables-save", "-t", "nat"}, false, readIPTables},
	"nftables": {[]string{"nft", "list", "table", "ip", "kube-proxy"}, false, readNFTables},
	// kube-proxy's image need not have a program that prints a file.
	"ipvs": {[]string{"/agnhost", "mounttest", "--file_content=/proc/net/ip_vs"}, true, readIPVS},
}

// printers returns, by node, the containers in which the command of a mode is run
// in place of kube-proxy's.
func (t *Target) printers(ctx context.Context, mode table) (map[string]kube.PodRef, error) {
	if !mode.byProbe {
		return nil, nil
	}
	hosts, err := t.Hosts.Ready(ctx)
	printers := map[string]kube.PodRef{}
	for _, host := range hosts {
		printers[host.Node] = host.PodRef
	}
	return printers, err
}

func proxyRules(ctx context.Context, t *Target) (Evidence, error) {
	mode, known := tables[t.Expect.ProxyMode]
	if !known {
		return nil, Inapplicable("nothing is known of the rules of mode " + t.Expect.ProxyMode)
	}
	service, err := t.balancedFleet(ctx)
	if err != nil {
		return nil, err
	}
	printers, err := t.printers(ctx, mode)
	if err != nil {
		return nil, err
	}
	return t.eachProxy(ctx, func(ctx context.Context, pod corev1.Pod) (string, error) {
		printer, apart := printers[pod.Spec.NodeName]
		if !apart {
			printer = kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: proxyName}
		}
		printed, err := t.Pods.Exec(ctx, printer, mode.command...)
		if _, ran := errors.AsType[*kube.ExecError](err); err != nil && !ran { // it fails where there is no such table
			return "", Unobservable(err)
		}
		rules, problem := mode.read(printed, service)
		if problem != nil {
			return "", errors.Join(problem, err)
		}
		return fmt.Sprintf("%s leads to %s\n%s", service.address, strings.Join(service.endpoints, ", "), strings.Join(rules, "\n")), nil
	})
}

func (t *Target) balancedFleet(ctx context.Context) (balanced, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return balanced{}, err
	}
	address, err := t.fleetServices(ctx)
	if err != nil {
		return balanced{}, err
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return balanced{}, fmt.Errorf("service %s has the address %q", fleetService, address)
	}
	service := balanced{name: fmt.Sprintf("%s/%s:%s", probes[0].Namespace, fleetService, portName), address: netip.AddrPortFrom(ip, servicePort)}
	for _, probe := range probes {
		service.endpoints = append(service.endpoints, net.JoinHostPort(probe.IP, strconv.Itoa(probe.HTTPPort)))
	}
	slices.Sort(service.endpoints)
	return service, nil
}

// leadsTo compares where rules lead with where they should.
func (s balanced) leadsTo(found []string) error {
	slices.Sort(found)
	if !slices.Equal(found, s.endpoints) {
		return fmt.Errorf("the rules lead %s to %v, not to %v", s.address, found, s.endpoints)
	}
	return nil
}
