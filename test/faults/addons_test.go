//go:build faults

package faults

import "strings"

var calicoFaults = []fault{
	{check: "cal.agents", what: "Felix is frozen on a node (SIGSTOP)", inject: script(worker, "pkill -STOP -f 'calico-node -felix'", "pkill -CONT -f 'calico-node -felix'")},
	{check: "cal.backend", what: "Felix writes nftables beside a kube-proxy that writes iptables", inject: felixTables("Enabled", "Disabled")},
	{check: "cal.routes", what: "a node has unreachable routes to the pods of another", inject: unreachable},
	{check: "cal.ipam", what: "the address of a pod is missing in Calico's books", inject: unallocated},
	{check: "netpol.deny", what: "a policy of higher order allows everything", inject: object(`
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: {name: default.fault}
spec: {tier: default, order: 1, selector: all(), types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Allow}]}
`)},
	{check: "netpol.allow", what: "a policy that is to allow a label comes to allow another", inject: mutation("networkpolicies", "object.metadata.name == 'allow'",
		"[JSONPatch{op: 'add', path: '/spec/ingress/0/from/0/podSelector/matchLabels/unknown', value: 'yes'}]", samplePolicy,
		"{.spec.ingress[0].from[0].podSelector.matchLabels.unknown}", "yes")},
}

var ciliumFaults = []fault{
	{check: "cil.operator", what: "the operator is scaled to nothing", inject: script(controlPlane,
		kubectl+" -n kube-system scale --replicas=0 deployment/cilium-operator",
		kubectl+" -n kube-system scale --replicas=1 deployment/cilium-operator && "+kubectl+" -n kube-system rollout status --timeout=90s deployment/cilium-operator")},
	{check: "cil.agents", what: "an agent is frozen (SIGSTOP)", inject: script(worker, "pkill -STOP -x cilium-agent", "pkill -CONT -x cilium-agent")},
	{check: "cil.mesh", what: "a node drops the agents' health probes", inject: rule(worker, "raw", "PREROUTING", "! -i lo -p tcp --dport 4240 -j DROP")},
	{check: "cil.kpr", what: "there is a kube-proxy beside Cilium", inject: object(`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  template:
    metadata: {labels: {k8s-app: kube-proxy}}
    spec: {nodeSelector: {nowhere: "yes"}, containers: [{name: kube-proxy, image: registry.k8s.io/kube-proxy:none}]}
`)},
	{check: "cil.lb", what: "Cilium passes over a Service, which another proxy is to serve", inject: mutation("services", "object.metadata.name == 'fleet'",
		"Object{metadata: Object.metadata{labels: {'service.kubernetes.io/service-proxy-name': 'another'}}}", sampleService,
		`{.metadata.labels.service\.kubernetes\.io/service-proxy-name}`, "another")},
	{check: "svc.nodeport", what: "Cilium passes over a Service with a NodePort, which another proxy is to serve", inject: mutation("services", "object.metadata.name == 'nodeport'",
		"Object{metadata: Object.metadata{labels: {'service.kubernetes.io/service-proxy-name': 'another'}}}", strings.Replace(sampleService, "fleet", "nodeport", 1),
		`{.metadata.labels.service\.kubernetes\.io/service-proxy-name}`, "another")},
	{check: "net.hostport", what: "a node drops what it sends to hostPorts of others", inject: rule(worker, "raw", "OUTPUT", "-p tcp --dport 28001:29999 -j DROP")},
	{check: "net.egress", what: "a node passes what pods send out without masquerading", inject: rule(worker, "nat", "POSTROUTING", "-s 10.244.0.0/16 -p tcp --dport 9 -j ACCEPT")},
	unprovisioned,
}

// felixTables sets whether Felix writes nftables, on every node.
func felixTables(broken, healthy string) func(*cluster) func() {
	nftables := func(mode string) string {
		return kubectl + " -n kube-system set env daemonset/calico-node FELIX_NFTABLESMODE=" + mode + " && " + kubectl + " -n kube-system rollout status --timeout=150s daemonset/calico-node"
	}
	return script(controlPlane, nftables(broken), nftables(healthy))
}
