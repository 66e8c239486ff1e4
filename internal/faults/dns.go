package faults

var dnsFaults = []Fault{
	{
		ID: "dns-namespaces", Check: "dns.records", What: "CoreDNS serves the namespaces default and kube-system only", Stages: []string{"calico"},
		action: corefile("s/^( *)kubernetes cluster.local.*/&\\n\\1   namespaces default kube-system/"),
		Story: &Story{Level: Medium,
			Symptom: "Names of Services in default and kube-system resolve. In every other namespace they do not exist: NXDOMAIN, at once, although `kubectl get service` shows them.",
			Look:    "Which names work and which do not? Ask CoreDNS for its rules: `kubectl -n kube-system get configmap coredns -o yaml`.",
			Lesson:  "NXDOMAIN is an answer, from a server that works and does not know the name. So the network and the CoreDNS pods are well, and what CoreDNS is told to serve is not. A timeout would have pointed the other way.",
			Repair:  "Remove the line `namespaces …` from the Corefile (`kubectl -n kube-system edit configmap coredns`), then `kubectl -n kube-system rollout restart deployment coredns`.",
		},
	},
	{
		ID: "pod-resolvconf", Check: "dns.search", What: "a pod has its node's resolv.conf", Needs: Needs{Workers: 1}, Stages: []string{"calico"},
		action: mutation("pods", "object.metadata.name == 'probe-WORKER2'",
			"Object{spec: Object.spec{dnsPolicy: 'Default'}}", samplePod("probe-WORKER2"), "{.spec.dnsPolicy}", "Default"),
	},
	{
		ID: "dns-forward", Check: "dns.external", Warns: true, What: "CoreDNS forwards to an address that is not in use", Stages: []string{"calico"},
		action: corefile("s/forward . [^ ]+/forward . 192.0.2.1/"),
		Story: &Story{Level: Medium,
			Symptom: "Names of the cluster resolve at once. Names of the world outside take seconds and end with SERVFAIL or a timeout, on every node.",
			Look:    "Ask for a name inside and for one outside. Who answers for the second kind is in `kubectl -n kube-system get configmap coredns -o yaml`; what becomes of it is in the logs of CoreDNS.",
			Lesson:  "CoreDNS knows the names of the cluster by itself and passes all others on, to the servers after `forward`. Usually that is `/etc/resolv.conf` of its node. Two kinds of names, two ways: which kind fails says which way to look at.",
			Repair:  "Write `forward . /etc/resolv.conf` into the Corefile again (`kubectl -n kube-system edit configmap coredns`), then `kubectl -n kube-system rollout restart deployment coredns`.",
		},
	},
	{
		ID: "dns-slow", Check: "dns.latency", Warns: true, What: "the CoreDNS pods' answers leave them at 10 kbit/s",
		Needs: Needs{CNI: "calico", IPv4: true}, Stages: []string{"calico"}, action: delayed,
		Story: &Story{Level: Hard,
			Symptom: "Everything works, and everything is slow to begin. A name takes a tenth of a second and more, as soon as several are asked for.",
			Look:    "Measure a lookup against a request to an address. Then find out whether the pods, their nodes or the way between are slow: `ip netns` and `tc qdisc show` on the nodes of the CoreDNS pods.",
			Lesson:  "Slow DNS looks like a slow everything, because each connection begins with it, often with several lookups along the search list. Linux can shape what leaves an interface (`tc`), also that of a pod, in a network namespace that is easily overlooked.",
			Repair:  "Delete the CoreDNS pods: new ones come with new interfaces. Or enter the namespace of each on its node: `ip netns exec NAME tc qdisc del dev eth0 root`.",
		},
	},
}
