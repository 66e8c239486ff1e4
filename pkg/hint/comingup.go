package hint

// Reasons for which a cluster, or a node, does not come up.
var (
	NetworkFailed = comingUp.reason("NETWORK_FAILED", Creation,
		"Docker does not create the network of `--network`, mostly because no subnet is free.",
		"Remove unused networks: `docker network prune`.")
	CreateFailed = comingUp.reason("CREATE_FAILED", Creation,
		"Node containers could not be created, or kubeadm failed in them. Frequent causes: too few inotify instances (`kindctl "+
			"doctor`), a full disk, too little memory.",
		"The nodes' last log lines follow the error. Run `up --retain`, then `docker logs NAME-control-plane` and "+
			"`docker exec NAME-control-plane journalctl -u kubelet -n 50`.")
	TokenKeyFailed = comingUp.reason("TOKEN_KEY_FAILED", Creation,
		"The key that signs the tokens of ServiceAccounts could not be written into the first control plane.",
		"Run `up --retain`, and look at `/etc/kubernetes/pki` there.")
	EtcdFailed = comingUp.reason("ETCD_FAILED", Creation,
		"Members of an external etcd did not come up.",
		"Run `up --retain`, and look at the kubelet's journal of a member; the hint has the command.")
	LoadFailed = comingUp.reason("LOAD_FAILED", Creation,
		"Images could not be copied into the nodes, mostly for lack of disk.",
		"Make room: `docker system df`.")
	CNIInstallFailed = comingUp.reason("CNI_INSTALL_FAILED", Creation,
		"The API server rejected the CNI's objects, or did not answer.",
		"Run `up --retain` and look at `kubectl -n kube-system get events`.")
	LabelsFailed = comingUp.reason("LABELS_FAILED", Creation,
		"The API server did not take the labels that the configuration gives to nodes.",
		"Run `up --retain`, and `kubectl get nodes --show-labels`.")
	LimitFailed = comingUp.reason("LIMIT_FAILED", Creation,
		"Docker rejected the node's `cpus` or `memory` limit.",
		"Ask for more, or leave the limit out; `docker info` says which limits Docker supports.")
	LimitUnknown = comingUp.reason("LIMIT_UNKNOWN", Creation,
		"Docker limits a node, and its kubelet still offers the whole machine to pods.",
		"Leave `cpus` and `memory` out, and report it with the output of `docker info`.")
	NodeFilesFailed = comingUp.reason("NODE_FILES_FAILED", Creation,
		"`node add` could not copy the files of an existing node to the new one.",
		"Run it with `--retain`, and look at the journal of its containerd.")
	JoinFailed = comingUp.reason("JOIN_FAILED", Creation,
		"A node of `node add` could not join.",
		"Run it with `--retain`, and look at the journal of its kubelet.")
	NodesNotReady = comingUp.reason("NODES_NOT_READY", Timeout,
		"Nodes were not ready within `--wait-timeout`; the message names them with the kubelet's reason.",
		"On a slow machine raise the timeout. Otherwise run `up --retain`, and `kubectl describe nodes`.")
	WorkloadsNotReady = comingUp.reason("WORKLOADS_NOT_READY", Timeout,
		"CoreDNS, kube-proxy or the CNI's agents were not ready in time. The message names pods with what holds them up.",
		"Run `up --retain`, and `kubectl -n kube-system get pods,events`.")
	ManifestRefused = comingUp.reason("MANIFEST_REFUSED", Creation,
		"The API server rejected an object of a manifest, or what it needs never came.",
		"Correct it, or the order of the manifests.")
	ManifestNotReady = comingUp.reason("MANIFEST_NOT_READY", Timeout,
		"The workloads of a manifest did not roll out in time.",
		"Look at their pods: `kubectl get pods,events -A`. For images that you load later, set `noWait: true`.")
	KubeconfigFailed = comingUp.reason("KUBECONFIG_FAILED", Creation,
		"The cluster's context could not be merged into the kubeconfig.",
		"Check the file's permissions, and that the cluster was finished (`kindctl status -n NAME`); then `kindctl kubeconfig "+
			"merge -n NAME`.")
)
