package host

import (
	"bufio"
	"compress/gzip"
	"io/fs"
	"path"
	"strings"
)

// Support says whether the kernel has a feature. Unknown is never refused.
type Support int

// The answers.
const (
	Unknown Support = iota
	Present
	Absent
)

// Feature is a kernel feature that a cluster may need.
type Feature struct {
	Module string // as modprobe names it
	Option string // as the kernel's configuration names it
}

// The features that make a difference.
var (
	IPVS        = Feature{"ip_vs", "CONFIG_IP_VS"}
	IPIP        = Feature{"ipip", "CONFIG_NET_IPIP"}
	VXLAN       = Feature{"vxlan", "CONFIG_VXLAN"}
	NFTables    = Feature{"nf_tables", "CONFIG_NF_TABLES"}
	NFTNumgen   = Feature{"nft_numgen", "CONFIG_NFT_NUMGEN"}                     // chooses among endpoints in nftables
	XTStatistic = Feature{"xt_statistic", "CONFIG_NETFILTER_XT_MATCH_STATISTIC"} // chooses among endpoints in iptables
	IPSet       = Feature{"ip_set", "CONFIG_IP_SET"}
	XTSet       = Feature{"xt_set", "CONFIG_NETFILTER_XT_SET"}
	IPv6        = Feature{"ipv6", "CONFIG_IPV6"}
	BPF         = Feature{"", "CONFIG_BPF_SYSCALL"}
	CgroupBPF   = Feature{"", "CONFIG_CGROUP_BPF"}
)

// String is the feature's name for people.
func (f Feature) String() string {
	if f.Module != "" {
		return f.Module
	}
	return strings.ToLower(strings.TrimPrefix(f.Option, "CONFIG_"))
}

// Kernel answers for features from what the running kernel exposes.
type Kernel struct {
	options map[string]string // of its configuration, nil when not published
	modules map[string]bool   // loaded, built in or on disk
	indexed bool              // all modules of this release are known
}

// Supports looks for the feature.
func (k Kernel) Supports(f Feature) Support {
	if f.Module != "" && k.modules[f.Module] {
		return Present
	}
	switch value, set := k.options[f.Option]; {
	case value == "y":
		return Present
	case k.options != nil && !set:
		return Absent
	case k.indexed && f.Module != "":
		return Absent // neither built in nor on disk
	}
	return Unknown
}

func readKernel(root fs.FS, release string) Kernel {
	k := Kernel{options: readOptions(root, release), modules: map[string]bool{}}
	for _, line := range readLines(root, "proc/modules") {
		name, _, _ := strings.Cut(line, " ")
		k.modules[name] = true
	}
	k.indexed = true
	for _, index := range []string{"modules.builtin", "modules.dep"} {
		lines := readLines(root, path.Join("lib/modules", release, index))
		k.indexed = k.indexed && lines != nil
		for _, line := range lines {
			file, _, _ := strings.Cut(line, ":")
			name, _, _ := strings.Cut(path.Base(file), ".ko")
			k.modules[strings.ReplaceAll(name, "-", "_")] = true
		}
	}
	return k
}

// readOptions reads the kernel's configuration, from the kernel itself or from
// where distributions put it.
func readOptions(root fs.FS, release string) map[string]string {
	if file, err := root.Open("proc/config.gz"); err == nil {
		defer file.Close()
		if unzipped, err := gzip.NewReader(file); err == nil {
			return parseOptions(bufio.NewScanner(unzipped))
		}
	}
	if file, err := root.Open("boot/config-" + release); err == nil {
		defer file.Close()
		return parseOptions(bufio.NewScanner(file))
	}
	return nil
}

func parseOptions(lines *bufio.Scanner) map[string]string {
	options := map[string]string{}
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), "="); found && strings.HasPrefix(name, "CONFIG_") {
			options[name] = value
		}
	}
	return options
}
