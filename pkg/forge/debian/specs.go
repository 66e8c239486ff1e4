package debian

// bookworm is the one suite in use: its systemd (252) boots on cgroup v1 and
// v2, and it carries clang-19 as well.
const bookworm = "bookworm"

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
	Suite:    bookworm,
	Packages: concat(essential, network),
	// openssl makes hashed links of certificates that nothing here reads;
	// libtirpc3 (with Kerberos) and libdb5.3 serve ss and arpd only.
	Assume: concat(scriptsOnly, []string{"openssl", "libtirpc3", "libdb5.3", "libcap2-bin"}),
	Drop:   []string{"usr/bin/ss", "usr/sbin/arpd", "usr/sbin/update-ca-certificates"},
}

// NodeBase is the file system of a kind node, before the files of kind's own
// base image: systemd and what kubelet and containerd call. Of the packages
// that kind names, those for storage over a network (nfs-common, open-iscsi)
// and for hosts without overlayfs (fuse-overlayfs) are left out. The node has
// no package manager.
var NodeBase = Spec{
	Name:  "node-base",
	Suite: bookworm,
	Packages: concat(essential, network, []string{
		"curl", "e2fsprogs", "ethtool", "jq", "libseccomp2", "openssl", "pigz", "socat",
		"systemd", "systemd-sysv",
	}),
	// dpkg is there for update-alternatives, by which kind's entrypoint
	// selects the back end of iptables.
	Alone:  []string{"dpkg"},
	Assume: scriptsOnly,
	Keep:   []string{"usr/bin/update-alternatives"},
	Drop: []string{
		"usr/bin/dpkg*", "usr/sbin/dpkg*", "usr/sbin/start-stop-daemon", "usr/share/dpkg", "usr/libexec/dpkg",
		"etc/dpkg",
		// Perl is not there.
		"usr/bin/c_rehash", "usr/lib/ssl/misc",
		// The clean-up of units in kind's definition of its base image.
		"usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
		"usr/lib/systemd/system/multi-user.target.wants/*",
		"usr/lib/systemd/system/local-fs.target.wants/*",
		"usr/lib/systemd/system/basic.target.wants/*",
		"usr/lib/systemd/system/sockets.target.wants/*udev*",
		"usr/lib/systemd/system/sockets.target.wants/*initctl*",
		"etc/systemd/system/*.wants/*",
	},
	Dirs: []string{"var/log/journal"},
}

// CalicoNode adds to Userland the supervisor and the BGP daemon that
// Calico's node agent starts.
var CalicoNode = Spec{
	Name:     "calico-node",
	Suite:    bookworm,
	Extends:  &Userland,
	Packages: []string{"bird", "runit"},
	Drop:     []string{"etc/bird", "etc/runit", "etc/service", "etc/sv", "usr/lib/bird", "usr/lib/runit", "usr/share/bird"},
	// Calico's health checks call BIRD's client by the name that it has
	// without line editing.
	Links: map[string]string{"usr/bin/birdcl": "../sbin/birdc"},
}

// Cilium adds to Userland the compiler that Cilium's agent makes its BPF
// programs with. clang comes without its dependencies: they are for linking
// programs of the host, and its own libraries are named here.
var Cilium = Spec{
	Name:     "cilium",
	Suite:    bookworm,
	Extends:  &Userland,
	Packages: []string{"libclang-cpp19"},
	Alone:    []string{"clang-19"},
	Drop: []string{
		"usr/bin/asan_symbolize-19", "usr/bin/clang*++*", "usr/bin/clang-cpp*",
		"usr/lib/cmake", "usr/lib/llvm-19/lib/cmake", "usr/lib/llvm-19/share",
		// Parts of ICU beside those that libxml2 needs.
		"usr/lib/*/libicuio.*", "usr/lib/*/libicutest.*", "usr/lib/*/libicutu.*", "usr/lib/*/libicui18n.*",
	},
	Links: map[string]string{"usr/bin/clang": "../lib/llvm-19/bin/clang"},
}

func concat(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
