package dns

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

func dnsSearchCheck() verify.Check {
	return verify.Check{
		ID: "dns.search", Nodes: verify.AllNodes, AfterWorkloads: true, Group: groupDNS, Title: "Pods on every node resolve and reach Services by short names",
		Proves:  "On every node, a pod's resolv.conf must name the DNS Service (or the address that clusterDNS in the ConfigMap kubelet-config has instead) and search the pod's namespace first. The pod must then connect by the names fleet, a Service in its namespace, and kubernetes.default. A kubelet with a wrong clusterDNS or clusterDomain breaks lookups only for the pods of its node. If the user's own DNS address does not respond, this is a warning.",
		Hint:    "look at clusterDNS and clusterDomain of the kubelet on the nodes named: kubectl get --raw /api/v1/nodes/NODE/proxy/configz; kubectl -n kube-system get service kube-dns",
		Needs:   []string{"dns.records", "svc.clusterip"},
		Rights:  verify.JoinRights(probe.RightsOfFleet, probe.RightsOfFleetServices, rightsOfDNSAddress, []string{"get configmaps@kube-system", "list networkpolicies.networking.k8s.io@kube-system", "get namespaces"}),
		Differs: "Network policies in kube-system block pods of other namespaces from CoreDNS.",
		Slow:    true, Timeout: 15 * time.Second, Skip: verify.WithoutNodes, Run: dnsSearch,
	}
}

// dnsNdots is what the kubelet gives to pods of dnsPolicy ClusterFirst.
const dnsNdots = 5

func dnsSearch(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	addresses, own, err := nameServers(ctx, t)
	if err != nil {
		return nil, err
	}
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := probe.Of(t).FleetAddresses(ctx); err != nil {
		return nil, err
	}
	nodeOf := func(i int) string { return probes[i].Node }
	confs := make([]resolvConf, len(probes))
	if _, err := verify.Each(verify.Indices(probes), nodeOf, func(i int) (_ string, err error) {
		confs[i], err = readResolvConf(ctx, probes[i])
		return "", err
	}); err != nil {
		return nil, err
	}
	rule := searchRule{addresses: addresses, namespace: probes[0].Namespace, domain: majority(confs), anyServer: t.Expect.Discovered}
	evidence, err := verify.Each(verify.Indices(probes), nodeOf, func(i int) (string, error) {
		node := probes[i].Node
		if problem := rule.evaluate(confs[i]); problem != "" {
			return "", verify.OnNode(node, fmt.Errorf("%s of a pod: %s", resolvPath, problem))
		}
		if err := connectByName(ctx, probes[i], probes); err != nil && own {
			return "", verify.Warning(fmt.Errorf("pods get the name server %s, as the kubelets are told to give, and no name leads from there to its Service; a cache on every node that listens there may be missing: %w", strings.Join(addresses, " "), err))
		} else if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s: nameserver %s, search %s, ndots %d; connected by name to %s and %s", node, strings.Join(confs[i].servers, " "),
			strings.Join(confs[i].search, " "), confs[i].ndots, probe.FleetService, apiName), nil
	})
	return verify.Evaluated(evidence, orIsolated(ctx, t, probes[0].Namespace, err))
}

// nameServers are those that kubelets give to pods, and whether they are others
// than the DNS Service: what kubeadm gave to the kubelets names them.
func nameServers(ctx context.Context, t *verify.Target) (addresses []string, own bool, err error) {
	address, err := Address(ctx, t)
	if err != nil || t.Expect.Discovered {
		return []string{address}, false, err
	}
	settings, err := config.SharedSettings(ctx, t)
	if apierrors.IsNotFound(err) { // which is for kubelet.config to report
		return []string{address}, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	listed, _ := settings[config.ClusterDNS].([]any)
	for _, server := range listed {
		addresses = append(addresses, fmt.Sprint(server))
	}
	if len(addresses) == 0 {
		addresses = []string{address}
	}
	return addresses, !slices.Contains(addresses, address), nil
}

// searchRule is what a pod's resolv.conf must say.
type searchRule struct {
	addresses         []string
	namespace, domain string
	// anyServer accepts any name server, such as a cache on the node.
	anyServer bool
}

// evaluate says what is wrong with a resolv.conf, or "".
func (r searchRule) evaluate(conf resolvConf) string {
	want := []string{r.namespace + ".svc." + r.domain, "svc." + r.domain, r.domain}
	switch {
	case len(conf.servers) == 0:
		return "no nameserver"
	case !r.anyServer && !slices.Equal(conf.servers, r.addresses):
		return fmt.Sprintf("nameserver %s, not %s", strings.Join(conf.servers, " "), strings.Join(r.addresses, " "))
	case len(conf.search) < len(want) || !slices.Equal(conf.search[:len(want)], want):
		return fmt.Sprintf("search %q does not begin with %q", strings.Join(conf.search, " "), strings.Join(want, " "))
	case conf.ndots != dnsNdots:
		return fmt.Sprintf("ndots %d, not %d", conf.ndots, dnsNdots)
	}
	return ""
}

// apiName is the API server's Service, as pods of other namespaces call it.
const apiName = "kubernetes.default"

// connectByName uses names as ordinary pods do.
func connectByName(ctx context.Context, from probe.Probe, endpoints []probe.Probe) error {
	const apiPort = 443
	for name, port := range map[string]int{probe.FleetService: probe.ServicePort, apiName: apiPort} {
		answers, failures, err := dialName(ctx, from, name, port)
		if err != nil {
			return err
		}
		problem := notConnected(answers, failures)
		if problem == "" && name == probe.FleetService &&
			!slices.ContainsFunc(endpoints, func(p probe.Probe) bool { return slices.Contains(answers, p.Name) }) {
			problem = fmt.Sprintf("%q answered and is no endpoint", strings.Join(append(answers, failures...), " "))
		}
		if problem != "" {
			return fmt.Errorf("%s -> %s:%d: %s", from.Node, name, port, problem)
		}
	}
	return nil
}

// nameTime bounds one lookup with its connection. A resolver that no one answers
// goes through all of its search list, for most of a minute.
const nameTime = 5 * time.Second

// dialName is Dial with a bound. When it is exceeded, a probe that answers
// otherwise shows that the name is at fault, and not the way to the probe.
func dialName(ctx context.Context, from probe.Probe, name string, port int) (answers, failures []string, err error) {
	bounded, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	answers, failures, err = from.Dial(bounded, "http", name, port, 1)
	if err == nil {
		return answers, failures, nil
	}
	if bounded.Err() == nil || ctx.Err() != nil {
		return nil, nil, verify.Unobservable(err)
	}
	if _, _, unseen := from.Pods.GetPod(ctx, from.Namespace, from.Name, from.HTTPPort, "/hostname"); unseen != nil {
		return nil, nil, verify.Unobservable(fmt.Errorf("ask the probe on %s: %w", from.Node, unseen))
	}
	return nil, nil, fmt.Errorf("%s -> %s:%d: no connection within %s", from.Node, name, port, nameTime)
}

// notConnected says why no connection came about, or "". A server that has no
// use for plain HTTP may say so or hang up: it was reached even so.
func notConnected(answers, failures []string) string {
	for _, failure := range failures {
		for _, before := range []string{"lookup ", "dial tcp", "Client.Timeout", "host and/or port"} {
			if strings.Contains(failure, before) {
				return failure
			}
		}
	}
	if len(answers)+len(failures) == 0 {
		return "no answer"
	}
	return ""
}
