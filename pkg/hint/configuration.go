package hint

// Reasons that lie in the configuration.
var (
	ConfigInvalid = configuration.reason("CONFIG_INVALID", Usage,
		"Unknown fields, wrong values, or a shape that cannot work. Every problem is listed with its line, misspellings with "+
			"what was probably meant.",
		"`kindctl config validate FILE` checks without Docker; [config.md](config.md) has all fields.")
	ConfigConflict = configuration.reason("CONFIG_CONFLICT", Usage,
		"A flag contradicts the configuration file, or two sources exclude each other.",
		"Drop one of them. `kindctl config view --origins` shows where each value comes from.")
	ConfigTemplate = configuration.reason("CONFIG_TEMPLATE", Usage,
		"The file still has placeholders such as `${IP_FAMILY}`.",
		"Fill them in first: `envsubst < FILE | kindctl up --config -`.")
	ConfigVersion = configuration.reason("CONFIG_VERSION", Usage,
		"The file's `apiVersion` is one that this kindctl does not read: a newer version of its format, or one of kind's that "+
			"kind has given up.",
		"Install a newer kindctl, or write the file for the version that the message names.")
	ConfigUnreadable = configuration.reason("CONFIG_UNREADABLE", Usage,
		"The configuration file cannot be read.",
		"Check its name and its permissions.")
	ConfigExists = configuration.reason("CONFIG_EXISTS", Usage,
		"`kindctl config init` would overwrite a file.",
		"Name another one, or use `--force`.")
	ConfigUnwritable = configuration.reason("CONFIG_UNWRITABLE", Usage,
		"`kindctl config init` cannot write the file.",
		"Check its directory and the permissions, or name another file.")
	ProfileUnknown = configuration.reason("PROFILE_UNKNOWN", Usage,
		"There is no such profile.",
		"The hint lists the profiles; [topologies.md](topologies.md) describes them.")
	KubernetesVersion = configuration.reason("KUBERNETES_VERSION", Usage,
		"The text is not a version of Kubernetes, or an older one than kindctl supports, or a minor version of which kindctl "+
			"knows no patch.",
		"Write it as 1.36, for the newest patch that kindctl knows, or as 1.36.3.")
	FeatureGateUnknown = configuration.reason("FEATURE_GATE_UNKNOWN", Usage,
		"The Kubernetes of the node image does not have one of the feature gates. Gates come and go with versions.",
		"Leave out gates that have graduated, which are on for good, or choose another version.")
	PatchRefused = configuration.reason("PATCH_REFUSED", Usage,
		"A patch would have no effect, or a program of the node image rejects its result: an unknown flag, feature gate or "+
			"setting.",
		"Correct it: see [how patches are handled](config.md#how-patches-are-handled).")
	CNISettingsInvalid = configuration.reason("CNI_SETTINGS_INVALID", Usage,
		"Helm values of Cilium or settings of Felix that the CNI's own schema does not allow, or that another field decides. "+
			"The message has the line.",
		"Correct the value, or set the field that decides it.")
	ManifestUnreadable = configuration.reason("MANIFEST_UNREADABLE", Usage,
		"The file of a manifest cannot be read.",
		"Correct its path. A relative one begins at the directory of the configuration file.")
	ManifestUnreachable = configuration.reason("MANIFEST_UNREACHABLE", Preflight,
		"The `url` of a manifest does not answer with a file.",
		"Check the address and the network, or keep a copy and name it as `file`.")
	ManifestChanged = configuration.reason("MANIFEST_CHANGED", Usage,
		"What a manifest's `url` serves does not match its `sha256`.",
		"Look at what has changed before you update the hash.")
	ManifestInvalid = configuration.reason("MANIFEST_INVALID", Usage,
		"A manifest is not YAML of Kubernetes objects, or an object in it has no name.",
		"Correct it: `kubectl apply --dry-run=client -f FILE` shows the same problem.")
)
