package faults

// otherTables is the story of both faults of Felix's kind of rules.
var otherTables = &Story{Level: Hard,
	Symptom: "Most things work. The rules of Calico and those of kube-proxy are in different kinds of tables on each node, and a NetworkPolicy can come before or after a Service is resolved, as the kernel has it.",
	Look:    "Compare `iptables-save | grep -c cali-` and `nft list tables` on a node with the mode of kube-proxy, then look at how calico-node is configured: `kubectl -n kube-system set env daemonset/calico-node --list`.",
	Lesson:  "iptables and nftables are two languages for one packet filter in the kernel, and both can have rules at the same time. Programs that depend on each other's marks and order, as Felix and kube-proxy do, have to use the same one.",
	Repair:  "Set `FELIX_NFTABLESMODE` back: `Disabled` beside a kube-proxy in mode iptables, `Enabled` beside one in mode nftables; `kubectl -n kube-system set env daemonset/calico-node FELIX_NFTABLESMODE=…`.",
}

var calicoFaults = []Fault{
	{
		ID: "felix-frozen", Check: "cal.agents", What: "Felix is frozen on a node (SIGSTOP)", Needs: Needs{CNI: "calico", Workers: 1}, Stages: []string{"calico"},
		action: script(onWorker, "pkill -STOP -f 'calico-node -felix'", "pkill -CONT -f 'calico-node -felix' || true"),
		Story: &Story{Level: Medium,
			Symptom: "Pods that run are fine. On one node, new pods have no network, new policies have no effect, and after a while calico-node there is not ready.",
			Look:    "`kubectl -n kube-system get pods -l k8s-app=calico-node -o wide`: which one is not ready, and why (`describe`)? Then look at its processes on that node.",
			Lesson:  "A CNI's agent is not in the way of packets: it writes rules and routes, and the kernel follows them. When the agent stands still, the present goes on and the future does not come. So the first sign is that something new does not work.",
			Repair:  "On that node: `pkill -CONT -f 'calico-node -felix'`. Deleting the calico-node pod there does it too.",
		},
	},
	{
		ID: "felix-nftables", Check: "cal.backend", What: "Felix writes nftables beside a kube-proxy that writes iptables",
		Needs: Needs{CNI: "calico", ProxyModes: []string{"iptables"}}, Stages: []string{"calico"},
		action: felixTables("Enabled", "Disabled"), Story: otherTables,
	},
	{
		ID: "felix-iptables", Check: "cal.backend", What: "Felix writes iptables beside a kube-proxy that writes nftables",
		Needs: Needs{CNI: "calico", ProxyModes: []string{"nftables"}}, Stages: []string{"nftables"},
		action: felixTables("Disabled", "Enabled"), Story: otherTables,
	},
	{
		ID: "routes-unreachable", Check: "cal.routes", What: "a node has unreachable routes to the pods of another",
		Needs: Needs{CNI: "calico", Workers: 2, IPv4: true}, Stages: []string{"calico"}, action: unreachable,
		Story: &Story{Level: Hard,
			Symptom: "Pods on one node get `No route to host` at once when they ask pods on one other node. All other ways work.",
			Look:    "An answer that comes at once comes from near: from the sender's own node. Ask it for the way: `ip route get ADDRESS`, and compare with `ip route`.",
			Lesson:  "Calico gives each node a range of addresses and every other node a route to it. The kernel takes the most special route that matches: two halves of a range win over the whole. Felix looks after its own routes and does not touch those of others.",
			Repair:  "On that node, delete the routes that `ip route` shows as `unreachable`: `ip route del unreachable RANGE`.",
		},
	},
	{
		ID: "address-unallocated", Check: "cal.ipam", What: "the address of a pod is missing in Calico's books",
		Needs: Needs{CNI: "calico", IPv4: true}, Stages: []string{"calico"}, action: unallocated,
		Story: &Story{Level: Hard,
			Symptom: "Nothing fails, yet. One day a new pod gets the address that another one already has, and both are reached at random.",
			Look:    "Compare the addresses of pods (`kubectl get pods -A -o wide`) with what Calico has given away: `kubectl get ipamblocks.crd.projectcalico.org -o yaml`. In a block, `allocations` has a place for each address.",
			Lesson:  "Which addresses are free is a matter of bookkeeping. For Calico the books are IPAMBlocks, apart from the pods that they are about, and restored backups or hand edits make the two drift apart. The damage is done when it is free in the books and in use in the cluster.",
			Repair:  "Replace the pod whose address is missing, a CoreDNS pod, so that a new one gets an address that is written down: `kubectl -n kube-system delete pod NAME`.",
		},
	},
}
