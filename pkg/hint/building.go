package hint

// Reasons that the building of images gives.
var (
	NotLinux = building.reason("NOT_LINUX", Preflight,
		"Images are built on Linux only.",
		"Use `--images registry`, or build them on a Linux machine and `docker load` them here.")
	NotRoot = building.reason("NOT_ROOT", Preflight,
		"Unpacking images for containerd mounts file systems, which takes root.",
		"Run the command as root (`sudo -E`). Any user of Docker can create clusters of the images then.")
	MissingProgram = building.reason("MISSING_PROGRAM", Preflight,
		"A program or library that images are built with is not installed.",
		"Install it; the hint names the package.")
	GoTooOld = building.reason("GO_TOO_OLD", Preflight,
		"The `go` command is too old to fetch the toolchain that the images' programs need.",
		"Install a newer Go, from <https://go.dev/dl> or your distribution's backports.")
	DiskFull = building.reason("DISK_FULL", Preflight,
		"Less than 5 GB is free in the directory for built images.",
		"Free some (`kindctl images prune` removes what is out of date), or choose another directory with `--cache-dir`.")
	KubernetesNotBuilt = building.reason("KUBERNETES_NOT_BUILT", Preflight,
		"kindctl has no recipe for that version of Kubernetes.",
		"Choose a version that the hint lists, or take the node image from a registry: `--images registry`.")
	ImageBuildFailed = building.reason("IMAGE_BUILD_FAILED", Creation,
		"A step of the build failed. The message has the last lines of its output.",
		"The hint says what is known of that failure. Components that are finished are kept, so run the command again after "+
			"correcting the cause.")
	ImageLoadFailed = building.reason("IMAGE_LOAD_FAILED", Creation,
		"Docker did not take the finished image, mostly for lack of disk.",
		"Look at Docker's log and the free space of its data directory (`docker info`), then run the command again.")
	DebianMirror = building.reason("DEBIAN_MIRROR", Preflight,
		"An image build found no Debian mirror, or it does not answer.",
		"`apt-get update` must work; on Ubuntu add a mirror of Debian to apt's sources.")
	DebianPackages = building.reason("DEBIAN_PACKAGES", Preflight,
		"The Debian mirror lacks packages that an image needs.",
		"Use a mirror that carries that release of Debian with its security updates.")
	DebianDownload = building.reason("DEBIAN_DOWNLOAD", Preflight,
		"The download of packages from the Debian mirror broke off.",
		"Check the network and the disk, then run the command again.")
	DebianTools = building.reason("DEBIAN_TOOLS", Preflight,
		"File systems are made with Debian's package tools, and one of them is missing.",
		"Install the package that the hint names. On other distributions build on a Debian machine, or use `--images registry`.")
	DebianKeyring = building.reason("DEBIAN_KEYRING", Preflight,
		"The keys that Debian's packages are verified with are missing.",
		"`apt-get install debian-archive-keyring`.")
	DebianLibraries = building.reason("DEBIAN_LIBRARIES", Internal,
		"Programs of an image would lack libraries: a defect of kindctl's package lists.",
		"Please report it with the message.")
)
