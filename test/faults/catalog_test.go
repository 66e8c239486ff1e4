//go:build faults

package faults

import (
	"slices"

	"github.com/kindctl/kindctl/pkg/verify"
)

// stage is a cluster and what is broken in it.
type stage struct {
	name   string
	up     []string
	agent  string // the CNI's DaemonSet
	faults []fault
}

// stages are independent of each other: each may be run alone, also beside the
// others by a process of its own.
var stages = []stage{
	{
		"calico",
		[]string{"--config", "testdata/asked.yaml", "--cni", "calico", "--workers", "2"},
		"calico-node",
		slices.Concat(controlPlaneFaults, nodeFaults, serviceFaults, networkFaults, dnsFaults, storageFaults, calicoFaults),
	},
	{"nftables", []string{"--cni", "calico", "--proxy-mode", "nftables", "--workers", "1"}, "calico-node", nftablesFaults},
	{"cilium", []string{"--cni", "cilium", "--proxy-mode", "none", "--workers", "2"}, "cilium", ciliumFaults},
}

// The nodes that are broken.
var (
	controlPlane = (*cluster).controlPlane
	worker       = (*cluster).worker
	other        = (*cluster).other
)

// refuse is a rule against new connections to an API server; it keeps those
// that the API server has with itself.
const refuse = "-i lo -p tcp --dport 6443 -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset"

var controlPlaneFaults = []fault{
	{check: "api.ready", what: "an API server refuses connections on its node's loopback address",
		inject: script(controlPlane,
			"iptables -w -I INPUT -d 127.0.0.1 "+refuse+"; ip6tables -w -I INPUT -d ::1 "+refuse,
			"iptables -w -D INPUT -d 127.0.0.1 "+refuse+"; ip6tables -w -D INPUT -d ::1 "+refuse)},
	{check: "api.authz", what: "anonymous users may read nodes", outcome: verify.Warn, inject: object(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fault}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: fault}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fault}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:anonymous"}]
`)},
	{check: "cfg.applied", what: "the scheduler's manifest has another flag than the configuration asks for", inject: otherArgument("kube-scheduler", "--v=1", "--v=3")},
	{check: "cert.expiry", what: "a kubelet's serving certificate ends in two days", outcome: verify.Warn, inject: shortLived},
	{check: "etcd.members", what: "etcd has a learner that never started", inject: learner},
	{check: "etcd.space", what: "etcd's quota is barely above the size of its database", inject: quota},
	{check: "sched.leader", what: "the scheduler's manifest is moved away", inject: absent("kube-scheduler")},
	{check: "sched.place", what: "a new pod names a scheduler that does not exist", inject: mutation("pods", "object.metadata.name == 'placed'",
		"Object{spec: Object.spec{schedulerName: 'unknown'}}", samplePod("placed"), "{.spec.schedulerName}", "unknown")},
	{check: "kcm.leader", what: "the controller manager's manifest is moved away", inject: absent("kube-controller-manager")},
	{check: "kcm.reconcile", what: "the ReplicaSet controller has lost its rights", inject: deleted("clusterrolebinding system:controller:replicaset-controller")},
	{check: "kcm.slices", what: "the EndpointSlice controller has lost its rights", inject: deleted("clusterrolebinding system:controller:endpointslice-controller")},
	{check: "adm.volume", what: "the API server's admission plugin for mutating policies is disabled",
		inject: apiArgument("--disable-admission-plugins=MutatingAdmissionPolicy")},
}

var nodeFaults = []fault{
	{check: "kubelet.alive", what: "a kubelet is frozen (SIGSTOP)", inject: script(other, "pkill -STOP -x kubelet", "pkill -CONT -x kubelet")},
	{check: "kubelet.lease", what: "a node's lease cannot be renewed", inject: object(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: fault}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [coordination.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [leases]}]
  validations: [{expression: "object.metadata.name != 'WORKER2'", message: this lease is frozen}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: fault}
spec: {policyName: fault, validationActions: [Deny]}
`)},
	{check: "kubelet.work", what: "runc cannot be executed on a node", inject: script(worker, "chmod -x $(command -v runc)", "chmod +x $(command -v runc)")},
	{check: "kubelet.config", what: "a kubelet has another maxPods than the rest", outcome: verify.Warn, inject: script(other,
		"cp /var/lib/kubelet/config.yaml /root/ && echo 'maxPods: 99' >> /var/lib/kubelet/config.yaml && systemctl restart kubelet",
		"cp /root/config.yaml /var/lib/kubelet/ && systemctl restart kubelet")},
	{check: "node.taint", what: "a control plane has lost its taint", outcome: verify.Warn, inject: script(controlPlane,
		kubectl+" taint node $HOSTNAME node-role.kubernetes.io/control-plane:NoSchedule-", kubectl+" taint node $HOSTNAME node-role.kubernetes.io/control-plane:NoSchedule")},
}

var serviceFaults = []fault{
	{check: "proxy.mode", what: "kube-proxy's mode is changed in its ConfigMap, without a restart",
		inject: edited("-n kube-system configmap kube-proxy", "s/mode: iptables/mode: nftables/", "")},
	{check: "proxy.health", what: "the autoscaler marks a node as about to go, and kube-proxy says so", inject: script(controlPlane,
		kubectl+" taint node ${HOSTNAME/control-plane/worker2} ToBeDeletedByClusterAutoscaler=1:PreferNoSchedule",
		kubectl+" taint node ${HOSTNAME/control-plane/worker2} ToBeDeletedByClusterAutoscaler-")},
	{check: "proxy.rules", what: "a node loses the jump to one endpoint of a Service", inject: gnaw(worker,
		`iptables -w -t nat -S | grep -- "-A KUBE-SVC" | grep kindctl-verify | grep /fleet: | grep KUBE-SEP | head -1 | sed s/^-A/-D/ | xargs -r iptables -w -t nat`)},
	{check: "svc.clusterip", what: "a node drops what its pods send to Services on port 80",
		inject: rule(worker, "raw", "PREROUTING", "-i cali+ -d 10.96.0.0/16 -p tcp --dport 80 -j DROP")},
	sticky,
	{check: "svc.hairpin", what: "a node no longer masquerades what a pod sends to itself by way of a Service", inject: gnaw(worker,
		`iptables -w -t nat -S | grep -- "-A KUBE-SEP" | grep kindctl-verify | grep hairpin | grep KUBE-MARK-MASQ | head -1 | sed s/^-A/-D/ | xargs -r iptables -w -t nat`)},
	{check: "svc.nodeport", what: "a node drops what comes in for NodePorts",
		inject: rule(other, "raw", "PREROUTING", "! -i lo -p tcp --syn --dport 30000:32767 -j DROP")},
	{check: "svc.remove", what: "kube-proxy on a node is frozen when an endpoint goes", inject: frozenAtRemoval("iptables-save -t nat | grep 'cluster IP'")},
}

var sticky = fault{check: "svc.spread", what: "a Service sticks to one endpoint (sessionAffinity)", inject: mutation("services", "object.metadata.name == 'fleet'",
	"Object{spec: Object.spec{sessionAffinity: 'ClientIP'}}", sampleService, "{.spec.sessionAffinity}", "ClientIP")}

var nftablesFaults = []fault{
	{check: "proxy.mode", what: "kube-proxy's mode is changed in its ConfigMap, without a restart",
		inject: edited("-n kube-system configmap kube-proxy", "s/mode: nftables/mode: iptables/", "")},
	{check: "proxy.rules", what: "the chain of a Service is empty on a node", inject: gnaw(worker,
		`nft list chains ip | grep -o "service-[^ ]*kindctl-verify-[^ ]*/fleet/[a-z/]*" | xargs -r -n 1 nft flush chain ip kube-proxy`)},
	sticky,
	{check: "svc.remove", what: "kube-proxy on a node is frozen when an endpoint goes", inject: frozenAtRemoval("nft list map ip kube-proxy service-ips")},
	{check: "cal.backend", what: "Felix writes iptables beside a kube-proxy that writes nftables", inject: felixTables("Disabled", "Enabled")},
}

var networkFaults = []fault{
	{check: "net.pods", what: "a node drops all that the pods of one other node send to its own", inject: between("-j DROP")},
	{check: "net.host", what: "a node drops what comes in for a port of its own", // --syn: not answers to ports that masquerading chose
		inject: rule(other, "raw", "PREROUTING", "! -i lo -p tcp --syn --dport 20000:28000 -j DROP")},
	{check: "net.mtu", what: "large packets vanish between two nodes", inject: between("-m length --length 1200:65535 -j DROP")},
	{check: "net.hostport", what: "a node drops what comes in for hostPorts",
		inject: rule(other, "raw", "PREROUTING", "! -i lo -p tcp --syn --dport 28001:29999 -j DROP")},
	{check: "net.egress", what: "the pool of addresses is no longer masqueraded", inject: natOutgoing},
}

var storageFaults = []fault{unprovisioned}

var unprovisioned = fault{check: "store.claim", what: "the provisioner of the default StorageClass is scaled to nothing", inject: script(controlPlane,
	kubectl+" -n local-path-storage scale --replicas=0 deployment/local-path-provisioner",
	kubectl+" -n local-path-storage scale --replicas=1 deployment/local-path-provisioner && "+
		kubectl+" -n local-path-storage rollout status --timeout=90s deployment/local-path-provisioner")}

var dnsFaults = []fault{
	{check: "dns.records", what: "CoreDNS serves the namespaces default and kube-system only", inject: corefile("s/^( *)kubernetes cluster.local.*/&\\n\\1   namespaces default kube-system/")},
	{check: "dns.search", what: "a pod has its node's resolv.conf", inject: mutation("pods", "object.metadata.name == 'probe-WORKER2'",
		"Object{spec: Object.spec{dnsPolicy: 'Default'}}", samplePod("probe-WORKER2"), "{.spec.dnsPolicy}", "Default")},
	{check: "dns.external", what: "CoreDNS forwards to an address that is not in use", outcome: verify.Warn, inject: corefile("s/forward . [^ ]+/forward . 192.0.2.1/")},
	{check: "dns.latency", what: "the CoreDNS pods' answers leave them at 10 kbit/s", outcome: verify.Warn, inject: delayed},
}
