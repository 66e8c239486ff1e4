package faults

var ciliumFaults = []Fault{
	{
		ID: "operator-gone", Check: "cil.operator", What: "the operator is scaled to nothing", Needs: Needs{CNI: "cilium"}, Stages: []string{"cilium"},
		action: script(onControlPlane,
			kubectl+" -n kube-system scale --replicas=0 deployment/cilium-operator",
			kubectl+" -n kube-system scale --replicas=1 deployment/cilium-operator && "+kubectl+" -n kube-system rollout status --timeout=90s deployment/cilium-operator"),
		Story: &Story{Level: Easy,
			Symptom: "All traffic flows. A node that joins now gets no range of pod addresses and stays NotReady, and objects of pods that are gone pile up.",
			Look:    "`kubectl -n kube-system get deployments` shows what should run and does not.",
			Lesson:  "Cilium has two halves: an agent on each node, which has to be there for traffic, and an operator for the whole cluster, which hands out ranges of addresses and cleans up. Without the second, a cluster that does not change notices nothing.",
			Repair:  "`kubectl -n kube-system scale --replicas=1 deployment/cilium-operator`.",
		},
	},
	{
		ID: "agent-frozen", Check: "cil.agents", What: "an agent is frozen (SIGSTOP)", Needs: Needs{CNI: "cilium", Workers: 1}, Stages: []string{"cilium"},
		action: script(onWorker, "pkill -STOP -x cilium-agent", "pkill -CONT -x cilium-agent || true"),
		Story: &Story{Level: Medium,
			Symptom: "Pods that run keep their connections. On one node new pods stay in ContainerCreating, and new Services are not known there.",
			Look:    "`kubectl -n kube-system get pods -l k8s-app=cilium -o wide`, then ask the agents: `kubectl -n kube-system exec POD -- cilium-dbg status`. Look at the process of the one that does not answer.",
			Lesson:  "The agent loads programs and fills maps; packets run through these in the kernel without it. A frozen agent is therefore seen by what is new: pods, Services, policies. The kubelet will restart it once its probes have failed for long enough.",
			Repair:  "On that node: `pkill -CONT -x cilium-agent`. Deleting the cilium pod there does it too.",
		},
	},
	{
		ID: "health-blocked", Check: "cil.mesh", What: "a node drops the agents' health probes", Needs: Needs{CNI: "cilium", Workers: 1, IPv4: true}, Stages: []string{"cilium"},
		action: rule(onWorker, "PREROUTING", "! -i lo -p tcp --dport 4240 -j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "All pods reach each other. `cilium-health status` says that one node cannot be reached by the others.",
			Look:    "Ask two agents: `kubectl -n kube-system exec POD -- cilium-health status`. What they try is port 4240 of the other node and of an endpoint on it; see what becomes of it there.",
			Lesson:  "Cilium's agents ask each other over the network that pods use. It is a measurement of its own and can fail alone, when a firewall knows the ports of Kubernetes and not that of Cilium's health. A red dashboard is a reason to look, and no proof of lost traffic.",
			Repair:  "On that node, delete the rule for port 4240: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "second-proxy", Check: "cil.kpr", What: "there is a kube-proxy beside Cilium", Needs: Needs{CNI: "cilium", ProxyModes: []string{"none"}}, Stages: []string{"cilium"}, action: object(`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  template:
    metadata: {labels: {k8s-app: kube-proxy}}
    spec: {nodeSelector: {nowhere: "yes"}, containers: [{name: kube-proxy, image: registry.k8s.io/kube-proxy:none}]}
`),
		Story: &Story{Level: Easy,
			Symptom: "Services work. `kubectl -n kube-system get daemonsets` has one that a cluster with Cilium in the place of kube-proxy should not have.",
			Look:    "List the DaemonSets of kube-system, and ask what each is for in this cluster.",
			Lesson:  "Cilium can do the work of kube-proxy, and then no one else should. Two programs that translate the same addresses do not fail at once: which of them a packet meets first decides, and counters, affinities and policies stop adding up. A `kubeadm upgrade` may bring a kube-proxy back.",
			Repair:  "`kubectl -n kube-system delete daemonset kube-proxy`.",
		},
	},
	{
		ID: "passed-over", Check: "cil.lb", What: "Cilium passes over a Service, which another proxy is to serve", Needs: Needs{CNI: "cilium", ProxyModes: []string{"none"}}, Stages: []string{"cilium"},
		action: mutation("services", "object.metadata.name == 'fleet'",
			"Object{metadata: Object.metadata{labels: {'service.kubernetes.io/service-proxy-name': 'another'}}}", sampleService,
			`{.metadata.labels.service\.kubernetes\.io/service-proxy-name}`, "another"),
	},
}
