package hint

// Reasons that images, charts and modules give.
var (
	NodeImageMissing = images.reason("NODE_IMAGE_MISSING", Preflight,
		"There is no node image: Docker has none, no registry answers, and none could be built. The message lists what was "+
			"tried and why each failed.",
		"With a network, check it and the proxy variables, or use a mirror (`--image-registry`). Without one, bring an image "+
			"along: [registries.md](registries.md#no-registry-at-all).")
	RegistryUnreachable = images.reason("REGISTRY_UNREACHABLE", Preflight,
		"The registry did not answer within 4 seconds.",
		"Check the network and `HTTPS_PROXY`, or use a mirror, `--images local` or `--images build`.")
	ImageNotInRegistry = images.reason("IMAGE_NOT_IN_REGISTRY", Preflight,
		"The registry answers and does not have the image.",
		"With `--image-registry`, put it there: images keep their path below the prefix.")
	ImageNotFetched = images.reason("IMAGE_NOT_FETCHED", Preflight,
		"The registry has the image, and the download failed.",
		"Run the command again. Where the registry wants a password: `docker login`.")
	VersionNotPublished = images.reason("VERSION_NOT_PUBLISHED", Preflight,
		"The registry has no node image of that minor version.",
		"Choose another `--kubernetes-version`, or build one (`--images build`).")
	PodImageMissing = images.reason("POD_IMAGE_MISSING", Preflight,
		"With `--images local` or `build`: neither the node image nor Docker has an image that the CNI or the checks need. "+
			"Values of Cilium that turn on more components need more images.",
		"Use `--images auto`, or a node image that `kindctl images build` made for this CNI.")
	LoadBalancerMissing = images.reason("LOAD_BALANCER_MISSING", Preflight,
		"Several control planes need a load balancer's image, and `--images local` finds none in Docker.",
		"Use another mode, or `kindctl images build --load-balancer`.")
	SnapshotterUnsupported = images.reason("SNAPSHOTTER_UNSUPPORTED", Preflight,
		"A built node image keeps its images unpacked for overlayfs, and Docker's storage driver or "+
			"`KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER` calls for another snapshotter.",
		"Use `--images registry`.")
	ChartMissing = images.reason("CHART_MISSING", Preflight,
		"This binary was compiled without charts (`go install`, or `make build` offline), the node image has none, and no "+
			"module proxy answers.",
		"Use a released binary or a node image of `kindctl images build`, or set `GOPROXY`.")
	ChartTampered = images.reason("CHART_TAMPERED", Preflight,
		"The files that a CNI is installed from do not have the hash of those that were published.",
		"Install kindctl again, and remove its cache of charts: `rm -r ~/.cache/kindctl/charts`.")
	ModuleUnreachable = images.reason("MODULE_UNREACHABLE", Preflight,
		"No Go module proxy delivered a module that an image or a chart is made from.",
		"Check the network and `HTTPS_PROXY`, or set `GOPROXY`.")
	ModuleProxyUnknown = images.reason("MODULE_PROXY_UNKNOWN", Preflight,
		"A Go module is needed, `GOPROXY` is not set, and there is no `go` command to ask for its value.",
		"Use a released kindctl, which needs no modules for charts, or set `GOPROXY`.")
	ModuleTampered = images.reason("MODULE_TAMPERED", Preflight,
		"A Go module does not have the hash that kindctl knows: the module proxy, or Go's module cache, holds something else "+
			"than was published.",
		"Choose another `GOPROXY`, or empty the cache: `go clean -modcache`.")
	ImageReference = images.reason("IMAGE_REFERENCE", Usage,
		"A word is not the name of an image, or names it by a digest, which Docker does not write into archives.",
		"Write it as `REPOSITORY:TAG`. Where it is made from `--image-registry`, that is `HOST` or `HOST/PREFIX`.")
	ImagesConflict = images.reason("IMAGES_CONFLICT", Usage,
		"`--image` names a node image, and `--images build` builds one.",
		"Leave one of them out.")
	ImageMissing = images.reason("IMAGE_MISSING", NotFound,
		"`kindctl load` names an image that Docker does not have.",
		"Pull it or build it first: `docker pull`, `docker build -t NAME:TAG .`")
	ArchiveMissing = images.reason("ARCHIVE_MISSING", Usage,
		"The archive of images that `kindctl load` names cannot be read. Words that end in `.tar` or `.tgz` are archives.",
		"Check its name and its permissions.")
	ArchiveBroken = images.reason("ARCHIVE_BROKEN", Usage,
		"The file is not an archive of images.",
		"Write one: `docker save -o FILE IMAGE`.")
	ArchiveNameless = images.reason("ARCHIVE_NAMELESS", Usage,
		"The archive holds images without names, which pods could not ask for.",
		"Save the image by its name: `docker save -o FILE NAME:TAG`.")
	PlatformMissing = images.reason("PLATFORM_MISSING", Usage,
		"The archive has no complete image for the platform of the nodes. The message names the platforms that it has.",
		"Pull and save the platform of the nodes; the hint has the commands.")
)
