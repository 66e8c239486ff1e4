package clusters

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	// maxName leaves room in a host name, 63 characters, for "-control-plane"
	// and a number.
	maxName = 45
	// maxNodes is far beyond what one machine carries; it catches a typing error.
	maxNodes = 100
	// maxSubnetBits makes sure that the pod subnet holds a /24 for several
	// nodes, which is what the controller manager cuts it into.
	maxSubnetBits = 20
)

// kind and Docker accept these names, and so does a host name.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// Validate returns warnings, and one error that names everything wrong at once.
func (t Topology) Validate() (warnings []string, err error) {
	var problems []string
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if !validName.MatchString(t.Name) || len(t.Name) > maxName {
		complain("name %q: use 1 to %d of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit", t.Name, maxName)
	}
	if t.ControlPlanes < 1 {
		complain("control planes: %d; at least 1 is needed", t.ControlPlanes)
	}
	if t.Workers < 0 {
		complain("workers: %d; use 0 or more", t.Workers)
	}
	if t.Nodes() > maxNodes {
		complain("%d nodes; at most %d", t.Nodes(), maxNodes)
	}
	if !slices.Contains(CNIs, t.CNI) {
		complain("unknown CNI %q%s; use one of: %s", t.CNI, hint.Nearest(t.CNI, CNIs), strings.Join(CNIs, ", "))
	}
	if !slices.Contains(ProxyModes, t.ProxyMode) {
		complain("unknown proxy mode %q%s; use one of: %s", t.ProxyMode, hint.Nearest(t.ProxyMode, ProxyModes), strings.Join(ProxyModes, ", "))
	}
	if t.ProxyMode == "none" && t.CNI != "cilium" {
		complain("proxy mode none with CNI %s: only Cilium can take kube-proxy's place; without either no Service works", t.CNI)
	}
	if t.APIServerPort < 0 || t.APIServerPort > 65535 {
		complain("API server port %d: use 1 to 65535, or 0 for a free one", t.APIServerPort)
	}
	for _, problem := range t.subnetProblems() {
		complain("%s", problem)
	}
	if t.ControlPlanes%2 == 0 && t.ControlPlanes > 0 {
		warnings = append(warnings, fmt.Sprintf("%d control planes mean %d etcd members: a quorum of %d, which survives the loss of %d, no more than %d members would; use an odd number",
			t.ControlPlanes, t.ControlPlanes, t.ControlPlanes/2+1, (t.ControlPlanes-1)/2, t.ControlPlanes-1))
	}
	if t.ProxyMode == "ipvs" {
		warnings = append(warnings, "kube-proxy's ipvs mode is deprecated and will be removed from Kubernetes; nftables is its successor")
	}
	if len(problems) > 0 {
		return warnings, hint.New(hint.Usage, "CONFIG_INVALID", strings.Join(problems, "\n"), `see "kindctl up --help"`)
	}
	return warnings, nil
}

func (t Topology) subnetProblems() (problems []string) {
	pods, err := netip.ParsePrefix(t.PodSubnet)
	switch {
	case err != nil || !pods.Addr().Is4():
		problems = append(problems, fmt.Sprintf("pod subnet %q: write an IPv4 CIDR such as 10.244.0.0/16", t.PodSubnet))
	case pods.Bits() > maxSubnetBits:
		problems = append(problems, fmt.Sprintf("pod subnet %s is too small: /%d or larger, because each node takes a /24", t.PodSubnet, maxSubnetBits))
	}
	services, err := netip.ParsePrefix(t.ServiceSubnet)
	if err != nil || !services.Addr().Is4() {
		problems = append(problems, fmt.Sprintf("service subnet %q: write an IPv4 CIDR such as 10.96.0.0/16", t.ServiceSubnet))
	} else if pods.IsValid() && pods.Overlaps(services) {
		problems = append(problems, fmt.Sprintf("pod subnet %s and service subnet %s overlap", t.PodSubnet, t.ServiceSubnet))
	}
	return problems
}
