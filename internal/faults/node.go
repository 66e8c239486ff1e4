package faults

var nodeFaults = []Fault{
	{
		ID: "kubelet-frozen", Check: "kubelet.alive", What: "a kubelet is frozen (SIGSTOP)", Needs: Needs{Workers: 1}, Stages: []string{"calico"},
		action: script(onOther, "pkill -STOP -x kubelet", "pkill -CONT -x kubelet || true"),
		Story: &Story{Level: Easy, Part: "node",
			Symptom: "For about forty seconds nothing. Then `kubectl get nodes` shows a node as NotReady, with conditions `Unknown`. Its pods still answer; five minutes later they are marked for eviction.",
			Look:    "`kubectl describe node` says `Kubelet stopped posting node status`. Look at the process on that node: its state in `ps -o pid,stat,comm -C kubelet`.",
			Lesson:  "A node is Ready because its kubelet says so, again and again. NotReady with `Unknown` means that reports stopped, and not that something was found wrong. Containers do not need the kubelet to go on, which is why the pods still serve.",
			Repair:  "A stopped process has the state `T`: `pkill -CONT -x kubelet` on that node. A restart with `systemctl restart kubelet` does it too.",
		},
	},
	{
		ID: "lease-denied", Check: "kubelet.lease", What: "a node's lease cannot be renewed", Needs: Needs{Workers: 1}, Stages: []string{"calico"}, action: object(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: leases}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [coordination.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [leases]}]
  validations: [{expression: "object.metadata.name != 'WORKER2'", message: this lease is frozen}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: leases}
spec: {policyName: leases, validationActions: [Deny]}
`),
		Story: &Story{Level: Hard, Part: "node",
			Symptom: "A node turns NotReady and Ready again, in turns, or stays Ready with a lease that grows old. The node itself is well.",
			Look:    "`kubectl -n kube-node-lease get leases` has the time of each renewal. The kubelet of that node logs why its own fails: `journalctl -u kubelet | grep -i lease`.",
			Lesson:  "The heartbeat of a node is an object like any other, a Lease that its kubelet updates every ten seconds. It goes through admission like any other too: a policy that is too wide can take a healthy node out.",
			Repair:  "Delete the ValidatingAdmissionPolicyBinding that denies updates of leases, and its policy: `kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings`.",
		},
	},
	{
		ID: "runtime-broken", Check: "kubelet.work", What: "runc cannot be executed on a node", Needs: Needs{Workers: 1}, Stages: []string{"calico"},
		action: script(onWorker, "chmod -x $(command -v runc)", "chmod +x $(command -v runc)"),
		Story: &Story{Level: Medium, Part: "node",
			Symptom: "Every node is Ready. New pods on one of them stay in ContainerCreating, while pods from before go on.",
			Look:    "`kubectl describe pod` has the event `FailedCreatePodSandBox`. Its last words come from the program that containerd calls.",
			Lesson:  "Between the kubelet and a container are containerd, a shim, and runc. Ready proves that the kubelet and containerd talk; only starting a container proves the rest. The last part of a long error is the cause, the parts before it are who passed it on.",
			Repair:  "Make the program executable again on that node: `chmod +x /usr/local/sbin/runc`, or wherever it is. The kubelet tries again by itself.",
		},
	},
	{
		ID: "kubelet-differs", Check: "kubelet.config", Warns: true, What: "a kubelet has another maxPods than the rest", Needs: Needs{Workers: 2}, Stages: []string{"calico"},
		action: script(onOther,
			"echo 'maxPods: 99' >> /var/lib/kubelet/config.yaml && systemctl restart kubelet",
			"if grep -q '^maxPods: 99$' /var/lib/kubelet/config.yaml; then sed -i '/^maxPods: 99$/d' /var/lib/kubelet/config.yaml && systemctl restart kubelet; fi"),
		Story: &Story{Level: Medium, Part: "node",
			Symptom: "Nothing fails. One node takes fewer pods than its equals, which shows once it is full.",
			Look:    "Compare what the kubelets run with: `kubectl get nodes -o custom-columns=NAME:.metadata.name,PODS:.status.capacity.pods`, and `kubectl get --raw /api/v1/nodes/NODE/proxy/configz` for all of it.",
			Lesson:  "kubeadm keeps one configuration for all kubelets in the ConfigMap `kubelet-config`, and each node has its own copy in a file. Nothing compares them. Nodes that drift apart are found by asking each for what it runs with, not by reading the ConfigMap.",
			Repair:  "Remove `maxPods` from `/var/lib/kubelet/config.yaml` on that node and restart its kubelet.",
		},
	},
	{
		ID: "taint-lost", Check: "node.taint", Warns: true, What: "a control plane has lost its taint", Needs: Needs{OneControlPlane: true, Workers: 1}, Stages: []string{"calico"},
		action: script(onControlPlane,
			kubectl+" taint node CONTROLPLANE node-role.kubernetes.io/control-plane:NoSchedule-",
			kubectl+" taint node CONTROLPLANE node-role.kubernetes.io/control-plane=:NoSchedule --overwrite"),
		Story: &Story{Level: Easy, Part: "taint",
			Symptom: "Nothing fails. Ordinary pods appear on the control plane.",
			Look:    "`kubectl get pods -A -o wide` shows where pods are. What keeps them away from a node is in `kubectl describe node`.",
			Lesson:  "Nothing in the scheduler knows what a control plane is. A taint keeps pods away that do not tolerate it, and kubeadm puts it there. Without it, a greedy pod can starve the API server of its own cluster.",
			Repair:  "`kubectl taint node NODE node-role.kubernetes.io/control-plane:NoSchedule`. Pods that are there already stay until they are deleted.",
		},
	},
}
