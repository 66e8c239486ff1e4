package debian

// Suite is the one release of Debian in use, bookworm: its systemd (252) boots
// on cgroup v1 and v2, and it carries clang-19 as well.
const Suite = "bookworm"

// essential is what makes a small system with a shell.
var essential = []string{
	"base-files", "base-passwd", "bash", "coreutils", "dash", "debianutils",
	"findutils", "grep", "gzip", "hostname", "libc-bin", "mawk", "mount",
	"ncurses-base", "netbase", "procps", "sed", "tar", "util-linux",
}

// network is what programs call that set up a node's network. The iptables
// package brings both back ends, nft and legacy; the default is nft, which
// every kernel has that Kubernetes supports, and felix, Cilium and kind's
// entrypoint pick the other one themselves where a host's rules ask for it.
var network = []string{"ca-certificates", "conntrack", "ipset", "iproute2", "iptables", "kmod", "nftables"}

// scriptsOnly are packages that only maintainer scripts and package
// management need.
var scriptsOnly = []string{
	"adduser", "debconf", "dpkg", "init-system-helpers", "libdebconfclient0", "lsb-base",
	"perl", "perl-base", "runit-helper", "sensible-utils", "sysuser-helper", "sysvinit-utils", "ucf", "usrmerge",
}

// Userland is the shared base of the images that run network programs:
// kube-proxy, the probe image, the CNIs' agents and the load balancer.
var Userland = Spec{
	Name:     "userland",
	Suite:    Suite,
	Packages: concat(essential, network),
	// openssl makes hashed links of certificates that nothing here reads;
	// libdb5.3 serves arpd only.
	Assume: concat(scriptsOnly, []string{"openssl", "libdb5.3", "libcap2-bin"}),
	Drop:   []string{"usr/sbin/arpd", "usr/sbin/update-ca-certificates"},
}

// NetworkTools adds to Userland what people call in the probe image, as the
// definition of upstream's names it (test/images/agnhost/Dockerfile of the
// Kubernetes module): its ipcs and ss are in Userland already. ping is in
// upstream's by way of busybox.
var NetworkTools = Spec{
	Name:     "network-tools",
	Suite:    Suite,
	Extends:  &Userland,
	Packages: []string{"bind9-dnsutils", "curl", "iperf", "iputils-ping", "netcat-openbsd", "socat"},
	// netcat is a choice of one, nc is what everybody types.
	Links: map[string]string{"usr/bin/nc": "nc.openbsd", "usr/local/bin/iperf": "../../bin/iperf"},
	// Ways to log in that nothing here has.
	Drop: concat(icuBesideData, []string{"usr/lib/*/sasl2"}),
}

// icuBesideData are the parts of ICU that libxml2 does not need.
var icuBesideData = []string{"usr/lib/*/libicuio.*", "usr/lib/*/libicutest.*", "usr/lib/*/libicutu.*", "usr/lib/*/libicui18n.*"}

// NodeBase is the file system of a kind node, before the files of kind's own
// base image: systemd, what kubelet and containerd call, and clients of
// storage over a network, whose units start when something asks for them. Of
// the packages that kind names, fuse-overlayfs is left out: the images in the
// node are unpacked for overlayfs. The node has no package manager, and no
// udev, which would act on the host's devices.
var NodeBase = Spec{
	Name:  "node-base",
	Suite: Suite,
	Packages: concat(essential, network, []string{
		"bsdutils", "curl", "diffutils", "e2fsprogs", "ethtool", "jq", "libseccomp2", "nfs-common", "open-iscsi",
		"openssl", "pigz", "socat", "systemd", "systemd-sysv",
	}),
	// dpkg is there for update-alternatives, by which kind's entrypoint
	// selects the back end of iptables.
	Alone:  []string{"dpkg"},
	Assume: concat(scriptsOnly, []string{"python3", "udev"}),
	Keep:   []string{"usr/bin/update-alternatives"},
	Drop: []string{
		"usr/bin/dpkg*", "usr/sbin/dpkg*", "usr/sbin/start-stop-daemon", "usr/share/dpkg", "usr/libexec/dpkg",
		"etc/dpkg",
		// Perl and Python are not there.
		"usr/bin/c_rehash", "usr/lib/ssl/misc",
		"usr/sbin/mountstats", "usr/sbin/nfsiostat", "usr/sbin/rpcctl", "usr/share/nfs-common",
		// The clean-up of units in kind's definition of its base image.
		"usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
		"usr/lib/systemd/system/multi-user.target.wants/*",
		"usr/lib/systemd/system/local-fs.target.wants/*",
		"usr/lib/systemd/system/basic.target.wants/*",
		"usr/lib/systemd/system/sockets.target.wants/*udev*",
		"usr/lib/systemd/system/sockets.target.wants/*initctl*",
		"etc/systemd/system/*.wants/*",
	},
	Dirs: []string{"var/log/journal", "usr/local/share/ca-certificates"},
	// What the scripts of rpcbind and nfs-common add.
	Users: []User{{Name: "_rpc", ID: 101, Home: "/run/rpcbind"}, {Name: "statd", ID: 102, Home: "/var/lib/nfs"}},
}

// CalicoNode adds to Userland the supervisor and the BGP daemon that
// Calico's node agent starts.
var CalicoNode = Spec{
	Name:     "calico-node",
	Suite:    Suite,
	Extends:  &Userland,
	Packages: []string{"bird", "runit"},
	Drop:     []string{"etc/bird", "etc/runit", "etc/service", "etc/sv", "usr/lib/bird", "usr/lib/runit", "usr/share/bird"},
	// Calico's health checks call BIRD's client by the name that it has
	// without line editing.
	Links: map[string]string{"usr/bin/birdcl": "../sbin/birdc"},
}

// Cilium adds to NetworkTools the compiler that Cilium's agent makes its BPF
// programs with. clang comes without its dependencies: they are for linking
// programs of the host, and its own libraries are named here. Both need
// libxml2 and the 30 MB of ICU, which they share this way.
var Cilium = Spec{
	Name:     "cilium",
	Suite:    Suite,
	Extends:  &NetworkTools,
	Packages: []string{"libclang-cpp19"},
	Alone:    []string{"clang-19"},
	Drop: concat([]string{
		"usr/bin/asan_symbolize-19", "usr/bin/clang*++*", "usr/bin/clang-cpp*",
		"usr/lib/cmake", "usr/lib/llvm-19/lib/cmake", "usr/lib/llvm-19/share",
	}, icuBesideData),
	Links: map[string]string{"usr/bin/clang": "../lib/llvm-19/bin/clang"},
}

func concat(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
