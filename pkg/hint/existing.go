package hint

// Reasons that lie in a cluster as it was found.
var (
	ClusterMissing = existing.reason("CLUSTER_MISSING", NotFound,
		"There is no cluster of that name.",
		"`kindctl get clusters` lists them; `KINDCTL_NAME` may name another one.")
	ClusterExists = existing.reason("CLUSTER_EXISTS", Usage,
		"There is a cluster of that name already: `kindctl run` would remove it at the end, and `kindctl up --from SNAPSHOT` cannot bring back another one beside it.",
		"Leave `--name` out of `run`, or keep the cluster: `kindctl run --reuse NAME`. Instead of `up`, reset the cluster: `kindctl reset`.")
	ClusterDiffers = existing.reason("CLUSTER_DIFFERS", Usage,
		"`up` found a cluster of that name in another shape; the message says what differs. Or two tests share a cluster in two "+
			"shapes.",
		"Repeat the flags or the file that made it, choose another name, or recreate it: `kindctl down -n NAME`.")
	ClusterForeign = existing.reason("CLUSTER_FOREIGN", Usage,
		"A cluster of that name was made by kind itself, or by a kindctl that was interrupted. It may also have appeared while "+
			"`up` was at work.",
		"Choose another name, or remove it: `kindctl down -n NAME`.")
	ClusterBroken = existing.reason("CLUSTER_BROKEN", Creation,
		"The cluster exists and does not answer, or was never finished.",
		"Look with `kindctl verify -n NAME`; recreate it if nothing in it is needed: `kindctl down -n NAME`.")
	ClusterUnhealthy = existing.reason("CLUSTER_UNHEALTHY", Verification,
		"`up` found the cluster in the requested shape, and checks failed.",
		"The hint has that of each check. If nothing in the cluster is needed, recreate it: `kindctl down -n NAME`.")
	ClusterBusy = existing.reason("CLUSTER_BUSY", Usage,
		"Another kindctl is changing the same cluster.",
		"Wait for it, then run the command again.")
	RecordUnreadable = existing.reason("RECORD_UNREADABLE", Usage,
		"What the cluster was made to be, in ConfigMap kube-system/kindctl, cannot be read: a newer kindctl wrote it, or it was edited.",
		"Use the kindctl that made the cluster, or recreate it: `kindctl down -n NAME`.")
	ClusterNewer = existing.reason("CLUSTER_NEWER", Usage,
		"A newer kindctl wrote the metadata in the cluster's containers, in a format that this one does not read.",
		"Use a kindctl at least as new.")
	ClusterStopped = existing.reason("CLUSTER_STOPPED", Usage,
		"Some or all of its nodes are stopped.",
		"`kindctl start -n NAME`.")
	ContextMissing = existing.reason("CONTEXT_MISSING", NotFound,
		"The kubeconfig has no such context.",
		"For one of kindctl's clusters: `kindctl kubeconfig merge -n NAME`.")
	KubeconfigMissing = existing.reason("KUBECONFIG_MISSING", NotFound,
		"There is no kubeconfig where `--kubeconfig`, `KUBECONFIG` or the default says.",
		"Name another file. For one of kindctl's clusters: `kindctl kubeconfig merge -n NAME`.")
	KubeconfigUnreadable = existing.reason("KUBECONFIG_UNREADABLE", Usage,
		"The kubeconfig cannot be read or parsed.",
		"Check its permissions and its syntax: `kubectl config view`.")
	KubeconfigInvalid = existing.reason("KUBECONFIG_INVALID", Usage,
		"The context lacks something, or names files that cannot be read.",
		"Look at it: `kubectl config view --context NAME`.")
	NodeUnknown = existing.reason("NODE_UNKNOWN", Usage,
		"The cluster has no such node, and no nodes of such a role.",
		"`kindctl get nodes -n NAME` lists them.")
	NodeNotReady = existing.reason("NODE_NOT_READY", Usage,
		"`node add` was run while other nodes are not ready.",
		"See what is wrong (`kindctl verify -n NAME`), or take them out: `kindctl node rm`.")
	NoLoadBalancer = existing.reason("NO_LOAD_BALANCER", Usage,
		"A cluster created with one control plane cannot get a second.",
		"Create it with `--control-planes 3` or `--profile ha`.")
	LoadBalancerForeign = existing.reason("LOAD_BALANCER_FOREIGN", Usage,
		"`node add` and `node rm` cannot add or remove control planes behind a load balancer that kind or an older kindctl created.",
		"Recreate the cluster with its configuration: `kindctl down -n NAME`, then `kindctl up -n NAME --config FILE`.")
	StateShared = existing.reason("STATE_SHARED", Usage,
		"The new node would share host directories that hold another node's state.",
		"Give each node a directory of its own in the configuration, and recreate the cluster.")
	LastControlPlane = existing.reason("LAST_CONTROL_PLANE", Usage,
		"`node rm` would remove the last control plane.",
		"To remove the cluster: `kindctl down -n NAME`.")
	QuorumNeeded = existing.reason("QUORUM_NEEDED", Usage,
		"Without the nodes that `node rm` names, fewer members of etcd would answer than a quorum takes.",
		"Bring the other members back first: `kindctl verify -n NAME --only etcd` shows them.")
	PodUnmanaged = existing.reason("POD_UNMANAGED", Usage,
		"The node that `node rm` names has pods that no controller would recreate on another one.",
		"Recreate them elsewhere, or use `--force`, which deletes them.")
	DataLost = existing.reason("DATA_LOST", Usage,
		"`node rm` would delete data of claims on that node.",
		"Copy it first, or use `--force`.")
)
