package clusters

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/kindpatch"
)

// The values of Topology.IPFamily.
const (
	IPv4      = "ipv4"
	IPv6      = "ipv6"
	DualStack = "dual"
)

// IPFamilies are all of them, the default first.
var IPFamilies = []string{IPv4, IPv6, DualStack}

// family is a version of IP with the sizes of its subnets.
type family struct {
	name           string // for people
	pods, services string // the default subnets; kind's, but for the services of IPv4
	// nodeBits is what the controller manager gives to each node, unless it is told
	// otherwise.
	nodeBits int
	// minServiceBits is the API server's bound, maxServiceBits kubeadm's: 10 addresses.
	minServiceBits, maxServiceBits int
}

var (
	four = family{name: "IPv4", pods: "10.244.0.0/16", services: "10.96.0.0/16", nodeBits: 24, minServiceBits: 12, maxServiceBits: 28}
	six  = family{name: "IPv6", pods: "fd00:10:244::/56", services: "fd00:10:96::/112", nodeBits: 64, minServiceBits: 108, maxServiceBits: 124}
)

// mostShares is kubeadm's bound: it wants at most 16 bits to number the nodes.
const mostShares = 16

// shares are the sizes of what the controller manager gives to each node of the pod
// subnet, by family: flags of a patch may have it give others, or none of a family.
func (t Topology) shares() map[string]int {
	shares := map[string]int{four.name: four.nodeBits, six.name: six.nodeBits}
	if !t.Patched() || t.ControlPlanes < 1 || t.Nodes() > maxNodes {
		return shares
	}
	document := renderer{Topology: t}.rendered(t.Each()[0]).documents[kindpatch.ClusterConfiguration]
	flag := func(name string) string {
		value, _ := kindpatch.ExtraArgument(document, "controllerManager", name)
		return value
	}
	if flag("allocate-node-cidrs") == "false" {
		return nil
	}
	for name, family := range map[string]string{"node-cidr-mask-size-ipv4": four.name, "node-cidr-mask-size-ipv6": six.name} {
		size := flag(name)
		if t.IPFamily != DualStack {
			size = cmp.Or(flag("node-cidr-mask-size"), size)
		}
		if bits, err := strconv.Atoi(size); err == nil { // else the node image refuses it
			shares[family] = bits
		}
	}
	if ranges := flag("cluster-cidr"); ranges != "" {
		for _, f := range []family{four, six} {
			if !slices.ContainsFunc(strings.Split(ranges, ","), func(text string) bool {
				subnet, err := netip.ParsePrefix(strings.TrimSpace(text))
				return err != nil || familyOf(subnet.Addr()).name == f.name
			}) {
				delete(shares, f.name)
			}
		}
	}
	return shares
}

func familyOf(address netip.Addr) family {
	if address.Is4() {
		return four
	}
	return six
}

// families are those of the cluster.
func (t Topology) families() []family {
	switch t.IPFamily {
	case IPv6:
		return []family{six}
	case DualStack:
		return []family{four, six}
	}
	return []family{four}
}

// HasIPv6 reports whether nodes, pods and Services have addresses of IPv6.
func (t Topology) HasIPv6() bool { return t.IPFamily == IPv6 || t.IPFamily == DualStack }

// Pods are the addresses of pods: a CIDR of each IP family, with a comma between.
func (t Topology) Pods() string {
	return t.subnets(t.PodSubnet, func(f family) string { return f.pods })
}

// Services are the addresses of Services, as Pods are those of pods.
func (t Topology) Services() string {
	return t.subnets(t.ServiceSubnet, func(f family) string { return f.services })
}

func (t Topology) subnets(written string, standard func(family) string) string {
	if written != "" {
		return written
	}
	var subnets []string
	for _, f := range t.families() {
		subnets = append(subnets, standard(f))
	}
	return strings.Join(subnets, ",")
}

func (v validator) validateSubnets() {
	if v.IPFamily != "" && !slices.Contains(IPFamilies, v.IPFamily) {
		v.report.unknown("ipFamily", "IP family", v.IPFamily, IPFamilies)
		return
	}
	pods, err := v.parse(v.Pods())
	if err != nil {
		v.report("podSubnet", "pod subnet %q: %v", v.Pods(), err)
	}
	shares := v.shares()
	chosen, _ := cni.Named(v.CNI)
	for _, subnet := range pods {
		f := familyOf(subnet.Addr())
		bits, shared := shares[f.name]
		if !shared && chosen.UsesNodeCIDRs {
			v.report("podSubnet", "pod subnet %s: %s takes addresses of what the controller manager gives to each node, and a patch has it give none of %s; leave allocate-node-cidrs and cluster-cidr out", subnet, chosen.Title, f.name)
		}
		if room := 1 << max(min(bits-subnet.Bits(), 16), 0); shared && (subnet.Bits() > bits || room < v.Nodes()) {
			v.report("podSubnet", "pod subnet %s is too small for %d nodes, because each takes a /%d", subnet, v.Nodes(), bits)
		} else if bits-subnet.Bits() > mostShares {
			v.report("podSubnet", "pod subnet %s is too large: /%d at most, which kubeadm cuts into /%d", subnet, bits-mostShares, bits)
		}
	}
	services, err := v.parse(v.Services())
	if err != nil {
		v.report("serviceSubnet", "service subnet %q: %v", v.Services(), err)
	}
	for _, subnet := range services {
		if f := familyOf(subnet.Addr()); subnet.Bits() < f.minServiceBits || subnet.Bits() > f.maxServiceBits {
			v.report("serviceSubnet", "service subnet %s: use a size from /%d to /%d", subnet, f.minServiceBits, f.maxServiceBits)
		}
		if at := slices.IndexFunc(pods, subnet.Overlaps); at >= 0 {
			v.report(v.origins.written("podSubnet", "serviceSubnet"), "pod subnet %s and service subnet %s overlap", pods[at], subnet)
		}
	}
}

// parse reads a subnet of each family of the cluster.
func (t Topology) parse(text string) (subnets []netip.Prefix, err error) {
	families := t.families()
	var missing []string
	for _, f := range families {
		missing = append(missing, f.name)
	}
	for part := range strings.SplitSeq(text, ",") {
		subnet, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, wantSubnets(families)
		}
		at := slices.Index(missing, familyOf(subnet.Addr()).name)
		if at < 0 {
			return nil, wantSubnets(families)
		}
		if missing = slices.Delete(missing, at, at+1); subnet != subnet.Masked() {
			return nil, fmt.Errorf("bits are set beyond the prefix; did you mean %s?", subnet.Masked())
		}
		subnets = append(subnets, subnet)
	}
	if len(missing) > 0 {
		return nil, wantSubnets(families)
	}
	return subnets, nil
}

func wantSubnets(families []family) error {
	if len(families) > 1 {
		return fmt.Errorf("write a CIDR of each family, such as %s,%s", four.pods, six.pods)
	}
	return errors.New("write an " + families[0].name + " CIDR such as " + families[0].pods)
}
