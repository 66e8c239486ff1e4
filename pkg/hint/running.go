package hint

// Reasons that a cluster gives which starts, runs, or goes.
var (
	VerificationFailed = running.reason("VERIFICATION_FAILED", Verification,
		"Checks failed. Each has a cause and a hint; [checks.md](checks.md) explains them.",
		"A check that is BLOCKED waits for one that failed, so begin with the FAILs. If you changed the cluster on purpose: "+
			"[daily.md](daily.md#after-you-change-a-cluster).")
	VerificationInconclusive = running.reason("VERIFICATION_INCONCLUSIVE", Internal,
		"Nothing failed, and some checks could not see what they need, for lack of rights for example.",
		"The message names the checks with what they lack. For rights: `kindctl verify --print-rbac`.")
	APITimeout = running.reason("API_TIMEOUT", Timeout,
		"The API server does not answer.",
		"Are the nodes running (`docker ps`)? After a reboot: `kindctl start -n NAME`.")
	APIUnreachable = running.reason("API_UNREACHABLE", Internal,
		"The address of the API server refuses connections, or what answers there is not an API server.",
		"Look at it with `kubectl --context CONTEXT cluster-info`. For one of kindctl's clusters: `kindctl start -n NAME`.")
	QuorumLost = running.reason("QUORUM_LOST", Verification,
		"Too few etcd members run, so no API server answers.",
		"`kindctl start -n NAME` brings members back.")
	EtcdSilent = running.reason("ETCD_SILENT", Verification,
		"The API server runs and gets no answer from etcd, which may have lost its quorum.",
		"See how many members of etcd run, and start those that do not.")
	CertificatesExpired = running.reason("CERTIFICATES_EXPIRED", Verification,
		"kubeadm's certificates last a year. If the cluster is younger, a clock is wrong.",
		"`kindctl start -n NAME` renews them, also in your kubeconfig. To compare clocks: `kindctl doctor`.")
	AuthorityExpired = running.reason("AUTHORITY_EXPIRED", Verification,
		"A certificate authority of the cluster has expired, which everything in the cluster trusts.",
		"Recreate the cluster: `kindctl down -n NAME`, then `kindctl up`.")
	RenewalFailed = running.reason("RENEWAL_FAILED", Creation,
		"`kindctl start` could not renew certificates that have expired.",
		"Look at them: `docker exec NAME-control-plane kubeadm certs check-expiration`.")
	CredentialsRefused = running.reason("CREDENTIALS_REFUSED", Internal,
		"The API server does not accept your credentials.",
		"For one of kindctl's clusters: `kindctl kubeconfig merge -n NAME`.")
	RightsMissing = running.reason("RIGHTS_MISSING", Internal,
		"Your user may not read what `verify` needs.",
		"`kindctl verify --print-rbac` prints the minimal roles.")
	StartFailed = running.reason("START_FAILED", Creation,
		"Docker could not start a node.",
		"Look into it: `docker logs NAME-control-plane`.")
	NodeLost = running.reason("NODE_LOST", Creation,
		"A node's container was deleted outside of kindctl, with its data, so the cluster is not started.",
		"Recreate it: `kindctl down -n NAME`, then `kindctl up` as before. While the others still run, `kindctl node rm` takes "+
			"a lost node out.")
	NetworkMissing = running.reason("NETWORK_MISSING", Creation,
		"The Docker network of a stopped cluster was removed.",
		"Create it again with its subnet, then start; the hint has the command.")
	PortTaken = running.reason("PORT_TAKEN", Creation,
		"A published port of a stopped cluster is now in use by something else.",
		"`ss -ltnp` says by what. Stop it, then start again.")
	AddressTaken = running.reason("ADDRESS_TAKEN", Creation,
		"Another container has the address of a control plane, or the network no longer contains it.",
		"Stop the container, then start again; the hint says what to do about a network.")
	AddressLost = running.reason("ADDRESS_LOST", Creation,
		"Docker gave a control plane another address, on a network whose subnet Docker chose.",
		"Stop what else is on that network, then start again; or recreate the cluster on one that kindctl makes (`--network "+
			"NAME`).")
	DrainFailed = running.reason("DRAIN_FAILED", Timeout,
		"The pods of a node to be removed could not be moved in time. A PodDisruptionBudget may keep them.",
		"Look at `kubectl get pdb -A`.")
	LeaveFailed = running.reason("LEAVE_FAILED", Creation,
		"A node could not be removed completely.",
		"Run the same command again: it continues where this one ended.")
	VolumesLeft = running.reason("VOLUMES_LEFT", Creation,
		"Docker cannot remove a volume, because a process has a mount inside.",
		"The hint has the command that finds it.")
	UndoFailed = running.reason("UNDO_FAILED", Creation,
		"A command failed, and something that it had made could not be removed.",
		"`kindctl down -n NAME`, or `kindctl gc` for what killed commands left.")
	RemoveFailed = running.reason("REMOVE_FAILED", Creation,
		"Something of a cluster is left.",
		"`kindctl down -n NAME` again, or `kindctl gc` for what killed commands left.")
)
