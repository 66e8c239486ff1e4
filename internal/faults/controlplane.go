package faults

// refuse is a rule against new connections to an API server; it keeps those
// that the API server has with itself.
const refuse = "-i lo -p tcp --dport 6443 -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset"

var (
	refuse4, accept4 = ruleScripts("iptables", "filter", "INPUT", "-d 127.0.0.1 "+refuse)
	refuse6, accept6 = ruleScripts("ip6tables", "filter", "INPUT", "-d ::1 "+refuse)
)

// single are clusters in which nothing takes over from the control plane.
var single = Needs{OneControlPlane: true}

var controlPlaneFaults = []Fault{
	{
		ID: "apiserver-loopback", Check: "api.ready", What: "an API server refuses connections on its node's loopback address",
		Needs: single, Stages: []string{"calico"}, action: script(onControlPlane, refuse4+"; "+refuse6, accept4+"; "+accept6),
		Story: &Story{Level: Hard,
			Symptom: "kubectl works, and so do pods. Nothing is red but the verification, which gets no answer from the API server when it asks through a port-forward to its pod. `curl -k https://127.0.0.1:6443/readyz` on the control plane is refused at once; the same with the node's own address answers.",
			Look:    "Compare the two addresses on the control plane, then list the packet filter there: `iptables -S INPUT`.",
			Lesson:  "An API server listens on all addresses of its node, and its clients come by different ones: kubectl by the published port, the kubelet by the node's address, port-forwards and local health probes by loopback. One way can be closed while the others work, and a refusal that comes at once is a sign of a rule, where silence would be one of a lost packet.",
			Repair:  "Delete the rules that reject port 6443 on `lo`, for IPv4 and IPv6: `iptables -D INPUT …` and `ip6tables -D INPUT …` with what `-S` prints.",
		},
	},
	{
		ID: "anonymous-reader", Check: "api.authz", Warns: true, What: "anonymous users may read nodes", Stages: []string{"calico"}, action: object(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: monitoring-nodes}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: monitoring-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: monitoring-nodes}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:anonymous"}]
`),
		Story: &Story{Level: Easy,
			Symptom: "Nothing fails. A request without any credentials, such as `curl -k https://ADDRESS:PORT/api/v1/nodes`, is answered with the list of nodes.",
			Look:    "Ask whom RBAC lets in: `kubectl get clusterrolebindings -o wide`, and read the last columns.",
			Lesson:  "A request without credentials is not turned away by authentication: it becomes the user `system:anonymous` of the group `system:unauthenticated`, and RBAC decides. A single binding opens the cluster to everyone who reaches its address, and no pod ever notices.",
			Repair:  "Delete the ClusterRoleBinding that names `system:anonymous`, and the ClusterRole if nothing else uses it.",
		},
	},
	{
		ID: "scheduler-flag", Check: "cfg.applied", What: "the scheduler's manifest has another flag than the configuration asks for",
		Needs: Needs{OneControlPlane: true, SchedulerVerbosity: true}, Stages: []string{"calico"},
		action: staticPod("kube-scheduler", withOtherFlag("--v=1", "--v=3"), elected),
		Story: &Story{Level: Medium, Part: "sched",
			Symptom: "Everything works. The scheduler logs far more than it should, and its flags are no longer those that the cluster's configuration asks for.",
			Look:    "Compare the running command with the configuration: `kubectl -n kube-system get pod -l component=kube-scheduler -o yaml`.",
			Lesson:  "A static pod runs what its file in `/etc/kubernetes/manifests` says at this moment. kubeadm wrote it once; an edit later changes the component without any trace in the API, and the next `kubeadm upgrade` writes it over.",
			Repair:  "On the control plane, edit `/etc/kubernetes/manifests/kube-scheduler.yaml` back to `--v=1`. The kubelet sees the change and restarts the pod.",
		},
	},
	{
		ID: "short-certificate", Check: "cert.expiry", Warns: true, What: "a kubelet's serving certificate ends in two days",
		Needs: Needs{Workers: 1}, Stages: []string{"calico"}, action: shortLived,
		Story: &Story{Level: Medium,
			Symptom: "Nothing fails yet. In two days `kubectl logs` and `kubectl exec` will, for the pods of one node only.",
			Look:    "Ask each kubelet for its certificate: `openssl s_client -connect NODE:10250 </dev/null | openssl x509 -noout -subject -dates`.",
			Lesson:  "Besides the certificates that `kubeadm certs check-expiration` lists, each kubelet serves port 10250 with one of its own. Nothing counts its days but monitoring, and the API server needs it for logs, exec and port-forward.",
			Repair:  "On that node, delete `/var/lib/kubelet/pki/kubelet.crt` and `kubelet.key` and restart the kubelet, which makes a new pair; or put back a pair that you have kept.",
		},
	},
	{
		ID: "etcd-learner", Check: "etcd.members", What: "etcd has a learner that never started",
		Needs: Needs{OneControlPlane: true, LocalEtcd: true}, Stages: []string{"calico"}, action: learner,
		Story: &Story{Level: Medium,
			Symptom: "The cluster works as before. `etcdctl member list` shows a member that has not started.",
			Look:    "List etcd's members from its pod on the control plane: `etcdctl member list -w table`, with the certificates that the pod's own command names.",
			Lesson:  "etcd's list of members is a promise, not a measurement: adding a member changes the list before the process exists. A learner does not vote and endangers nothing, but a voting member that never starts would cost the quorum. That is why members join as learners first.",
			Repair:  "`etcdctl member remove ID` for the member that has not started.",
		},
	},
	{
		ID: "etcd-quota", Check: "etcd.space", What: "etcd's quota is barely above the size of its database",
		Needs: Needs{OneControlPlane: true, LocalEtcd: true}, Stages: []string{"calico"},
		// It is no incident: once the alarm is raised, healing takes more than the manifest.
		action: staticPod("etcd", withQuota, elected),
	},
	{
		ID: "scheduler-gone", Check: "sched.leader", What: "the scheduler's manifest is moved away",
		Needs: single, Stages: []string{"calico"}, action: staticPod("kube-scheduler", absent, nil),
		Story: &Story{Level: Easy,
			Symptom: "Pods that run go on running. New ones stay Pending, and `kubectl describe pod` shows no event at all.",
			Look:    "Look at what should run on a control plane: `kubectl -n kube-system get pods -l tier=control-plane`.",
			Lesson:  "The scheduler does one thing: it writes a node's name into pods that have none. A pod that waits with no events was not looked at; one that does not fit anywhere has an event with the reasons. The scheduler is a static pod, so its kubelet needs only a file to run it, and stops it when the file is gone.",
			Repair:  "Put `/etc/kubernetes/manifests/kube-scheduler.yaml` back on the control plane. If you have no copy: `kubeadm init phase control-plane scheduler --config /kind/kubeadm.conf` writes it again.",
		},
	},
	{
		ID: "pod-unscheduled", Check: "sched.place", What: "a new pod names a scheduler that does not exist", Stages: []string{"calico"},
		action: mutation("pods", "object.metadata.name == 'placed'",
			"Object{spec: Object.spec{schedulerName: 'unknown'}}", samplePod("placed"), "{.spec.schedulerName}", "unknown"),
	},
	{
		ID: "controllers-gone", Check: "kcm.leader", What: "the controller manager's manifest is moved away",
		Needs: single, Stages: []string{"calico"}, action: staticPod("kube-controller-manager", absent, nil),
		Story: &Story{Level: Easy,
			Symptom: "Nothing that exists is affected. A new Deployment shows `0/1` and has no ReplicaSet, a scaled one keeps its old number, and deleted pods are not replaced.",
			Look:    "Find out who should have acted, then look at what runs on the control plane: `kubectl -n kube-system get pods -l tier=control-plane`.",
			Lesson:  "The API server only stores what you want. That reality follows is the work of controllers, some forty loops in one process. Without it the cluster is a database: every object is accepted, and nothing comes of it.",
			Repair:  "Put `/etc/kubernetes/manifests/kube-controller-manager.yaml` back on the control plane. If you have no copy: `kubeadm init phase control-plane controller-manager --config /kind/kubeadm.conf`.",
		},
	},
	{
		ID: "replicaset-rights", Check: "kcm.reconcile", What: "the ReplicaSet controller has lost its rights", Stages: []string{"calico"},
		action: deleted("clusterrolebinding system:controller:replicaset-controller"),
		Story: &Story{Level: Medium,
			Symptom: "A new Deployment gets a ReplicaSet, and that one gets no pods. `kubectl describe replicaset` has no events that help.",
			Look:    "The controller says what it may not do: `kubectl -n kube-system logs -l component=kube-controller-manager | grep -i forbidden`.",
			Lesson:  "With `--use-service-account-credentials`, which kubeadm sets, each controller acts as an account of its own, with rights of its own. So one loop can fail while its neighbors work, and the reason is not on the object that suffers but in the log of the one that was to act.",
			Repair:  "Create the ClusterRoleBinding `system:controller:replicaset-controller` again, for the ServiceAccount `replicaset-controller` of kube-system. The API server restores it by itself when it restarts.",
		},
	},
	{
		ID: "endpointslice-rights", Check: "kcm.slices", What: "the EndpointSlice controller has lost its rights", Stages: []string{"calico"},
		action: deleted("clusterrolebinding system:controller:endpointslice-controller"),
		Story: &Story{Level: Medium,
			Symptom: "A new Service has an address, and connections to it are refused or time out although its pods are ready. Services from before work, until one of their pods is replaced.",
			Look:    "Follow the way from a Service to its pods: `kubectl get endpointslices -l kubernetes.io/service-name=NAME`. Then ask who should have written them.",
			Lesson:  "Between a Service and its pods stands a list that a controller keeps: the EndpointSlices. kube-proxy and CNIs read that list and never look at pods. If the list is not written, the selector, the pods and the Service can all be right, and nothing arrives.",
			Repair:  "Create the ClusterRoleBinding `system:controller:endpointslice-controller` again, for the ServiceAccount `endpointslice-controller` of kube-system. The API server restores it by itself when it restarts.",
		},
	},
	{
		ID: "mutation-off", Check: "adm.volume", What: "the API server's admission plugin for mutating policies is disabled",
		Needs: single, Stages: []string{"calico"},
		action: staticPod("kube-apiserver", withFlag("kube-apiserver", "--disable-admission-plugins=MutatingAdmissionPolicy"), afterAPIServer),
		Story: &Story{Level: Medium,
			Symptom: "MutatingAdmissionPolicies and their bindings are accepted and listed, and new objects come out as they were sent, without what the policies add.",
			Look:    "The policies are right. Look at who should apply them: the flags of the API server in `kubectl -n kube-system get pod -l component=kube-apiserver -o yaml`.",
			Lesson:  "Admission is a row of plugins in the API server. Their objects live in the API whether the plugin runs or not, so a policy that exists is no proof of a policy that acts. The proof is an object sent with `--dry-run=server`, which goes through admission and is not stored.",
			Repair:  "Remove `--disable-admission-plugins` from `/etc/kubernetes/manifests/kube-apiserver.yaml` on the control plane, and wait until the API server answers again.",
		},
	},
}
