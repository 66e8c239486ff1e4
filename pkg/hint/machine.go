package hint

// Reasons that lie in the machine, its Docker and its files.
var (
	DockerMissing = machine.reason("DOCKER_MISSING", Preflight,
		"There is no `docker` command in `PATH`; kind's library needs it, beside the engine.",
		"Install Docker; on Debian and Ubuntu `make up` as root does.")
	DockerNotRunning = machine.reason("DOCKER_NOT_RUNNING", Preflight,
		"The engine does not answer. If `DOCKER_HOST` is set or another context is chosen (`docker context ls`), that engine is "+
			"asked, and no other.",
		"Start it: `sudo systemctl start docker`, or Docker Desktop.")
	DockerNotPermitted = machine.reason("DOCKER_NOT_PERMITTED", Preflight,
		"You may not use Docker's socket.",
		"`sudo usermod -aG docker $USER`, then log in again.")
	DockerSettings = machine.reason("DOCKER_SETTINGS", Preflight,
		"`DOCKER_HOST` or the current context cannot be used. An engine over SSH is refused: the API server would listen on the "+
			"other machine's loopback address.",
		"Correct the setting. Where the engine is on another machine, run kindctl there.")
	EngineUnsupported = machine.reason("ENGINE_UNSUPPORTED", Preflight,
		"`KIND_EXPERIMENTAL_PROVIDER` names Podman or nerdctl, and kindctl uses Docker alone.",
		"Unset the variable.")
	HostUnfit = machine.reason("HOST_UNFIT", Preflight,
		"The machine lacks something that this cluster needs: disk, a kernel feature, a free port, a mount, a cgroup "+
			"controller. Each line names one.",
		"The hint says what to do. `kindctl doctor` with the same flags shows all findings with their IDs; "+
			"`--ignore-preflight-errors ID` turns one into a warning.")
	FixNotPermitted = machine.reason("FIX_NOT_PERMITTED", Preflight,
		"`kindctl doctor --fix` may not change a setting of the kernel.",
		"Run it as root: `sudo kindctl doctor --fix`.")
	FixFailed = machine.reason("FIX_FAILED", Preflight,
		"A setting of the kernel could not be written, even as root. In most containers `/proc/sys` is read-only.",
		"Change it on the machine that Docker runs on; the hint has the command.")
	NetworkUnfit = machine.reason("NETWORK_UNFIT", Usage,
		"Nodes cannot be put on the Docker network of `--network`: it is not a bridge, or Docker's default bridge, or internal, "+
			"or lacks the IPv6 that the cluster needs.",
		"Name another one. A network that does not exist is created.")
	KubeconfigUnwritable = machine.reason("KUBECONFIG_UNWRITABLE", Preflight,
		"The kubeconfig, or its directory, cannot be written; `sudo` may have made it root's.",
		"Correct the permissions, or name another file with `--kubeconfig`.")
	KubeconfigLocked = machine.reason("KUBECONFIG_LOCKED", Preflight,
		"Another command holds the kubeconfig's lock, or one that was killed left it behind.",
		"If nothing else is running, remove the lock file that the hint names.")
	KubeconfigBroken = machine.reason("KUBECONFIG_BROKEN", Preflight,
		"The file that the cluster's context should be merged into is not a valid kubeconfig.",
		"Repair it, or name another file with `--kubeconfig`.")
	CacheUnwritable = machine.reason("CACHE_UNWRITABLE", Preflight,
		"kindctl cannot write its cache of locks and images, `~/.cache/kindctl` on Linux.",
		"Correct the permissions, or set `XDG_CACHE_HOME`. `kindctl images build` takes another directory: `--cache-dir`.")
	NoCacheDir = machine.reason("NO_CACHE_DIR", Preflight,
		"Neither `HOME` nor `XDG_CACHE_HOME` says where kindctl may keep locks, charts and images.",
		"Set one of them.")
)
