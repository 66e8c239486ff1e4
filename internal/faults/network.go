package faults

var networkFaults = []Fault{
	{
		ID: "one-way-pods", Check: "net.pods", What: "a node drops all that the pods of one other node send to its own",
		Needs: Needs{CNI: "calico", Workers: 2, IPv4: true}, Stages: []string{"calico"}, action: between("-j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "A Service works most of the time and hangs now and then. Pods on one node cannot reach pods on one other node, while both reach all the rest.",
			Look:    "Find the pair first: ask from a pod on each node for a pod on each other one. Then list the packet filter on both nodes of the pair.",
			Lesson:  "Pods of n nodes talk over n × (n − 1) ways, and one of them can break alone. A Service in front chooses by chance and makes that look like a fault that comes and goes. Taking Services and names away, and asking address by address, turns it into one that always happens.",
			Repair:  "On the receiving node, delete the rule in table raw that names both ranges of pod addresses: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "host-ports-dropped", Check: "net.host", What: "a node drops what comes in for a port of its own", // --syn: not answers to ports that masquerading chose
		Needs: Needs{CNI: "calico", Workers: 1, IPv4: true}, Stages: []string{"calico"},
		action: rule(onOther, "PREROUTING", "! -i lo -p tcp --syn --dport 20000:28000 -j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "A program on the network of its node (`hostNetwork: true`) is not reached from other nodes when it listens on a high port. Port 10250 and the pod network work.",
			Look:    "Try a high port and 10250 of the same node from another one. What one way has and the other lacks is a port number, so look at the packet filter for one.",
			Lesson:  "Pods with hostNetwork share the node's address, and so its firewall, which the CNI and Kubernetes know nothing of. Components of Kubernetes use well-known ports, for which every firewall has an exception; yours may not.",
			Repair:  "On that node, delete the rule for ports 20000 to 28000: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "large-packets", Check: "net.mtu", What: "large packets vanish between two nodes",
		Needs: Needs{CNI: "calico", Workers: 2, IPv4: true}, Stages: []string{"calico"}, action: between("-m length --length 1200:65535 -j DROP"),
		Story: &Story{Level: Hard,
			Symptom: "Between pods of two nodes connections are made, and short answers arrive. Long ones hang in the middle: a health check passes, a page does not load.",
			Look:    "Send small and large between the two: `ping -c 1 -s 100` and `ping -c 1 -s 1400`, or ask a server for a long answer. Then find out where the large ones end.",
			Lesson:  "The three packets that open a connection are small, so `connected` proves little. When all that is long vanishes and all that is short arrives, think of sizes: of the MTU, of tunnels that add headers, of a filter that looks at length. The usual probes of Kubernetes are all short.",
			Repair:  "On the receiving node, delete the rule that matches on length: `iptables -t raw -S PREROUTING`, then `iptables -t raw -D PREROUTING …`.",
		},
	},
	{
		ID: "hostports-dropped", Check: "net.hostport", What: "a node drops what comes in for hostPorts",
		Needs: Needs{CNI: "calico", Workers: 1, IPv4: true}, Stages: []string{"calico"},
		action: rule(onOther, "PREROUTING", "! -i lo -p tcp --syn --dport 28001:29999 -j DROP"), Story: hostPortStory,
	},
	{
		ID: "hostports-unsent", Check: "net.hostport", What: "a node drops what it sends to hostPorts of others",
		Needs: Needs{CNI: "cilium", Workers: 1, IPv4: true}, Stages: []string{"cilium"},
		action: rule(onWorker, "OUTPUT", "-p tcp --dport 28001:29999 -j DROP"), Story: hostPortStory,
	},
	{
		ID: "not-masqueraded", Check: "net.egress", What: "the pool of addresses is no longer masqueraded",
		Needs: Needs{CNI: "calico", IPv4: true}, Stages: []string{"calico"}, action: natOutgoing,
		Story: &Story{Level: Medium,
			Symptom: "Pods reach each other and Services. What is outside of the cluster does not answer them, and answers the nodes.",
			Look:    "Compare a pod with a pod on the host network on the same node. The difference between the two is the address that others see: what changes it on the way out, and who decides that? `kubectl get ippools.crd.projectcalico.org -o yaml`.",
			Lesson:  "The world outside has no route to pod addresses. A node puts its own address in their place, which is called masquerading, and the answer finds back to it. Without that, packets leave and their answers go nowhere.",
			Repair:  "`kubectl patch ippools.crd.projectcalico.org default-ipv4-ippool --type=merge -p '{\"spec\": {\"natOutgoing\": true}}'`.",
		},
	},
	{
		ID: "masquerade-skipped", Check: "net.egress", What: "a node passes what pods send out without masquerading",
		Needs: Needs{CNI: "cilium", ProxyModes: []string{"none"}, Workers: 1, IPv4: true}, Stages: []string{"cilium"},
		action: subnetRule("kube-controller-manager", "cluster-cidr", "nat", "POSTROUTING", "-s SUBNET -p tcp --dport 9 -j ACCEPT"),
		Story: &Story{Level: Hard,
			Symptom: "From the pods of one node, one port of the world outside does not answer. Other ports do, and so does that one for pods of other nodes.",
			Look:    "Watch what leaves that node: `tcpdump -ni eth0 tcp port 9`, and read the source address. Then look at what comes first in the chain that should have changed it.",
			Lesson:  "In table nat the first rule that decides is the last one to be asked. An ACCEPT in front of the rules that masquerade means: leave it as it is. The packet then goes out with a pod's address, to which no answer finds back.",
			Repair:  "On that node, delete the rule: `iptables -t nat -S POSTROUTING`, then `iptables -t nat -D POSTROUTING …`.",
		},
	},
}

var hostPortStory = &Story{Level: Hard,
	Symptom: "A pod with a `hostPort` is reached on its own node, and not between two of the nodes; ports below and above the range work.",
	Look:    "Ask for the port from each node to each node, and note which pairs hang. Then look at the packet filter at both ends, on the way out and on the way in.",
	Lesson:  "A hostPort is a translation on one node, made by a CNI plugin or by Cilium's programs, with no Service in between. So there is nothing in the API that says whether it works. A packet that never arrives was dropped by the sender; one that arrives and is not answered, by the receiver.",
	Repair:  "Find the rule for ports 28001 to 29999 with `iptables-save -t raw` on the nodes, and delete it with `iptables -t raw -D …`.",
}

var storageFaults = []Fault{{
	ID: "no-provisioner", Check: "store.claim", What: "the provisioner of the default StorageClass is scaled to nothing", Stages: []string{"calico", "cilium"},
	action: script(onControlPlane,
		kubectl+" -n local-path-storage scale --replicas=0 deployment/local-path-provisioner",
		kubectl+" -n local-path-storage scale --replicas=1 deployment/local-path-provisioner && "+
			kubectl+" -n local-path-storage rollout status --timeout=90s deployment/local-path-provisioner"),
	Story: &Story{Level: Easy,
		Symptom: "A new PersistentVolumeClaim stays Pending, and so does the pod that uses it. Claims from before keep their volumes.",
		Look:    "`kubectl describe pvc` says for whom the claim waits. Find out whether that one runs: `kubectl get pods -A`.",
		Lesson:  "A StorageClass is a name and a reference. The volume is made by a provisioner, a program like any other, whose absence is no error anywhere: the claim waits politely, with an event that names it.",
		Repair:  "`kubectl -n local-path-storage scale --replicas=1 deployment/local-path-provisioner`.",
	},
}}
