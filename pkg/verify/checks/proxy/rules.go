package proxy

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func proxyRuleChecks() []verify.Check {
	return []verify.Check{{
		ID: "proxy.rules", Nodes: verify.AllNodes, Group: groupProxy, Title: "Every node's kernel has kube-proxy's rules for a new Service",
		Proves: "Reads the kernel's own tables on every node: in mode iptables a chain per Service that directs the ClusterIP to its pods, in nftables a map of Services and a chain for each, in ipvs a virtual server (through netlink). The address of a new Service must lead to every endpoint and nowhere else. `--show-evidence` prints the rules. `/proxyMode` only reports the configured mode.",
		Hint:   "look at the rules and at kube-proxy's log on the node named: docker exec NODE iptables-save -t nat (or nft list table ip kube-proxy, or cat /proc/net/ip_vs); kubectl -n kube-system logs POD",
		Needs:  []string{"kubelet.alive", "net.pods", "kcm.slices", "proxy.mode"},
		Rights: verify.JoinRights(
			probe.RightsOfServices, verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfExecs, []string{"get configmaps@kube-system"},
		),
		Slow: true, Timeout: 15 * time.Second, Skip: withoutRules, Run: proxyRules,
	}}
}

func withoutRules(t *verify.Target) string {
	if reason := verify.WithoutProxy(t); reason != "" {
		return reason
	}
	return verify.WithoutCNI(t)
}

// table says how a mode's rules are printed and read. The command is run in
// kube-proxy's container, which has the programs that kube-proxy itself runs, or
// in a probe on the node's network. The reader returns the rules that lead to the
// endpoints, and an error where they lead elsewhere.
type table struct {
	four, six []string // the commands for rules of IPv4 and of IPv6
	byProbe   bool
	read      func(printed string, service probe.ServiceBackends) (rules []string, err error)
}

var tables = map[string]table{
	"iptables": {[]string{"iptables-save", "-t", "nat"}, []string{"ip6tables-save", "-t", "nat"}, false, readIPTables},
	"nftables": {
		[]string{"nft", "list", "table", "ip", "kube-proxy"},
		[]string{"nft", "list", "table", "ip6", "kube-proxy"},
		false,
		readNFTables,
	},
	"ipvs": {virtualServers, virtualServers, true, readIPVS},
}

// virtualServers prints them: kube-proxy's image need not have a program for it.
var virtualServers = []string{"cat", "/proc/net/ip_vs"}

// printers returns, by node, the containers in which the command of a mode is run
// in place of kube-proxy's.
func printers(ctx context.Context, t *verify.Target, mode table) (map[string]kube.PodRef, error) {
	if !mode.byProbe {
		return nil, nil
	}
	hosts, err := probe.Of(t).Hosts.Ready(ctx)
	printers := map[string]kube.PodRef{}
	for _, host := range hosts {
		printers[host.Node] = host.PodRef
	}
	return printers, err
}

func proxyRules(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	name, err := verify.ConfiguredProxyMode(ctx, t.Kube) // proxy.mode has reported another one
	if err != nil {
		return nil, err
	}
	name = cmp.Or(name, t.Expect.ProxyMode)
	mode, known := tables[name]
	if !known {
		return nil, verify.Inapplicable("nothing is known of the rules of mode " + name)
	}
	services, err := probe.Of(t).FleetBackends(ctx)
	if err != nil {
		return nil, err
	}
	printers, err := printers(ctx, t, mode)
	if err != nil {
		return nil, err
	}
	return eachProxy(ctx, t, func(ctx context.Context, pod corev1.Pod) (string, error) {
		printer, apart := printers[pod.Spec.NodeName]
		if !apart {
			printer = kube.PodRef{Namespace: pod.Namespace, Name: pod.Name, Container: verify.ProxyName}
		}
		var seen []string
		for _, service := range services {
			command := mode.four
			if service.Address.Addr().Is6() {
				command = mode.six
			}
			printed, err := t.Pods.Exec(ctx, printer, command...)
			if _, ran := errors.AsType[*kube.ExecError](err); err != nil && !ran { // it fails where there is no such table
				return "", verify.Unobservable(err)
			}
			rules, problem := mode.read(printed, service)
			if problem != nil {
				return "", errors.Join(problem, err)
			}
			seen = append(seen, service.String(), strings.Join(rules, "\n"))
		}
		return strings.Join(seen, "\n"), nil
	})
}
