package faults

const sampleService = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "fleet"}, "spec": {"ports": [{"port": 80}]}}`

const sampleNodePort = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nodeport"}, "spec": {"ports": [{"port": 80}]}}`

// hasProxy are the modes in which there is a kube-proxy.
var hasProxy = []string{"iptables", "ipvs", "nftables"}

// otherMode is the story of both faults of the mode.
var otherMode = &Story{Level: Medium,
	Symptom: "All Services work. The ConfigMap kube-proxy and the rules on the nodes are of different modes, and the first kube-proxy that restarts will follow the ConfigMap.",
	Look:    "Compare `kubectl -n kube-system get configmap kube-proxy -o yaml` with what a node says at `curl 127.0.0.1:10249/proxyMode`.",
	Lesson:  "A process reads its ConfigMap when it starts. kube-proxy does not follow later changes of the mode, so the object shows the future and the nodes show the present. After a restart of one pod, nodes of two modes stand side by side.",
	Repair:  "Put the old mode back with `kubectl -n kube-system edit configmap kube-proxy`. To change the mode for good: `kubectl -n kube-system rollout restart daemonset kube-proxy` as well.",
}

var serviceFaults = []Fault{
	{
		ID: "proxy-mode-nftables", Check: "proxy.mode", What: "kube-proxy's mode is changed in its ConfigMap, without a restart",
		Needs: Needs{ProxyModes: []string{"iptables"}}, Stages: []string{"calico"},
		action: edited("-n kube-system configmap kube-proxy", "s/mode: iptables/mode: nftables/", ""), Story: otherMode,
	},
	{
		ID: "proxy-mode-iptables", Check: "proxy.mode", What: "kube-proxy's mode is changed in its ConfigMap, without a restart",
		Needs: Needs{ProxyModes: []string{"nftables"}}, Stages: []string{"nftables"},
		action: edited("-n kube-system configmap kube-proxy", "s/mode: nftables/mode: iptables/", ""), Story: otherMode,
	},
	{
		ID: "node-leaving", Check: "proxy.health", What: "the autoscaler marks a node as about to go, and kube-proxy says so",
		Needs: Needs{ProxyModes: hasProxy, Workers: 1}, Stages: []string{"calico"},
		action: script(onControlPlane,
			kubectl+" taint node WORKER2 ToBeDeletedByClusterAutoscaler=1:PreferNoSchedule --overwrite",
			kubectl+" taint node WORKER2 ToBeDeletedByClusterAutoscaler- || true"),
		Story: &Story{Level: Medium,
			Symptom: "The node is Ready and serves its pods. kube-proxy's health endpoint on it, port 10256, answers 503, so that a load balancer in front of the cluster would send nothing there.",
			Look:    "`curl -i http://NODE:10256/healthz` on each node, then `kubectl describe node` for the one that differs.",
			Lesson:  "`/healthz` of kube-proxy answers a question of load balancers: may new connections come to this node? It is no sooner red because kube-proxy is ill than because the node is about to be deleted. The cluster autoscaler says so with a taint, and kube-proxy reads it.",
			Repair:  "`kubectl taint node NODE ToBeDeletedByClusterAutoscaler-`.",
		},
	},
	{
		ID: "endpoint-jump", Check: "proxy.rules", What: "a node loses the jump to one endpoint of a Service",
		Needs: Needs{ProxyModes: []string{"iptables"}}, Stages: []string{"calico"}, action: gnaw(onWorker,
			`iptables -w -t nat -S | grep -- "-A KUBE-SVC" | grep kindctl-verify | grep /fleet: | grep KUBE-SEP | head -1 | sed s/^-A/-D/ | xargs -r iptables -w -t nat`),
	},
	{
		ID: "empty-chain", Check: "proxy.rules", What: "the chain of a Service is empty on a node",
		Needs: Needs{ProxyModes: []string{"nftables"}}, Stages: []string{"nftables"}, action: gnaw(onWorker,
			`nft list chains ip | grep -o "service-[^ ]*kindctl-verify-[^ ]*/fleet/[a-z/]*" | xargs -r -n 1 nft flush chain ip kube-proxy`),
	},
	{
		ID: "clusterip-dropped", Check: "svc.clusterip", What: "a node drops what its pods send to Services on port 80",
		Needs: Needs{CNI: "calico", ProxyModes: []string{"iptables"}, Workers: 1, IPv4: true}, Stages: []string{"calico"},
		action: subnetRule("kube-apiserver", "service-cluster-ip-range", "raw", "PREROUTING", "-i cali+ -d SUBNET -p tcp --dport 80 -j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "Pods on one node get no answer from any Service on port 80. The same pods reach the pods behind it directly, names resolve, and pods on other nodes have no trouble.",
			Look:    "The pod address works and the Service address does not, so something on the way stops packets before they are translated. On that node: `iptables-save -c`, and watch which counters grow.",
			Lesson:  "A ClusterIP is on no interface. Packets for it are rewritten to a pod's address in the chain PREROUTING of table nat, and table raw comes before that. A rule that drops there sees the Service's address, so that only Services suffer.",
			Repair:  "On that node, delete the rule for port 80 from table raw: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "sticky-service", Check: "svc.spread", What: "a Service sticks to one endpoint (sessionAffinity)", Stages: []string{"calico", "nftables"},
		action: mutation("services", "object.metadata.name == 'fleet'",
			"Object{spec: Object.spec{sessionAffinity: 'ClientIP'}}", sampleService, "{.spec.sessionAffinity}", "ClientIP"),
	},
	{
		ID: "hairpin-mark", Check: "svc.hairpin", What: "a node no longer masquerades what a pod sends to itself by way of a Service",
		Needs: Needs{ProxyModes: []string{"iptables"}}, Stages: []string{"calico"}, action: gnaw(onWorker,
			`iptables -w -t nat -S | grep -- "-A KUBE-SEP" | grep kindctl-verify | grep hairpin | grep KUBE-MARK-MASQ | head -1 | sed s/^-A/-D/ | xargs -r iptables -w -t nat`),
	},
	{
		ID: "nodeports-dropped", Check: "svc.nodeport", What: "a node drops what comes in for NodePorts",
		Needs: Needs{CNI: "calico", Workers: 1, IPv4: true}, Stages: []string{"calico"},
		action: rule(onOther, "PREROUTING", "! -i lo -p tcp --syn --dport 30000:32767 -j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "A NodePort answers on every node but one. There, `curl` from outside hangs until it times out, while the same port asked on the node itself answers.",
			Look:    "Which node hangs, and from where? Then watch packets arrive there: `tcpdump -ni eth0 'tcp[tcpflags] & tcp-syn != 0'`, and list the packet filter.",
			Lesson:  "A NodePort is open on all nodes, also on those without a pod of the Service, so each node is a way of its own that can fail alone. Silence instead of a refusal says that a packet was dropped; that it arrives on the interface and gets no answer says where.",
			Repair:  "On that node, delete the rule for ports 30000 to 32767: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "passed-over-nodeport", Check: "svc.nodeport", What: "Cilium passes over a Service with a NodePort, which another proxy is to serve",
		Needs: Needs{CNI: "cilium", ProxyModes: []string{"none"}}, Stages: []string{"cilium"},
		action: mutation("services", "object.metadata.name == 'nodeport'",
			"Object{metadata: Object.metadata{labels: {'service.kubernetes.io/service-proxy-name': 'another'}}}", sampleNodePort,
			`{.metadata.labels.service\.kubernetes\.io/service-proxy-name}`, "another"),
	},
}
