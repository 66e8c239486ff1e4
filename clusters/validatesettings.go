package clusters

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/fidelity"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/releases"
)

var (
	// gateName is how Kubernetes writes feature gates. Which there are depends
	// on the version: the node image knows.
	gateName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	// apiName is a group and version, a resource of it, or a class such as
	// api/alpha (the API server's --runtime-config).
	apiName = regexp.MustCompile(`^[a-z][a-z0-9.-]*(/[a-z0-9]+){0,2}$`)
	// networkName is Docker's rule for names.
	networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
)

func (t Topology) apiServerAddress() string {
	if t.Raw == nil {
		return ""
	}
	return t.Raw.Networking.APIServerAddress
}

// APIServerAddress is the address of this machine that the API server is to be
// reached at; the zero value where none is asked for.
func (t Topology) APIServerAddress() netip.Addr {
	address, err := netip.ParseAddr(t.apiServerAddress())
	if err != nil {
		return netip.Addr{} // Validate refuses it
	}
	return address
}

// oldImages warns of node images of a Kubernetes that kubernetesVersion would
// refuse.
func (t Topology) oldImages() (warnings []string) {
	for _, node := range t.Each() {
		image := t.imageOf(node)
		if version := t.kubernetesOf(node, nil); image != "" && version != "" && releases.TooOld(version) {
			path := "image"
			if kinds, at := t.rest(node); kinds.Image != "" {
				path = at + ".image"
			}
			warnings = append(warnings, t.origins.prefix(path)+"Kubernetes of image "+image+" is older than "+releases.Oldest+", the oldest that kindctl is known to work with")
		}
	}
	slices.Sort(warnings)
	return slices.Compact(warnings)
}

// judgeSettings looks at what concerns the whole cluster.
func (t Topology) judgeSettings(complain complaint) {
	for _, gate := range slices.Sorted(maps.Keys(t.FeatureGates)) {
		if !gateName.MatchString(gate) {
			complain("featureGates["+gate+"]", "feature gate %q: write its name, such as MemoryQoS", gate)
		}
	}
	for _, api := range slices.Sorted(maps.Keys(t.RuntimeConfig)) {
		if !apiName.MatchString(api) {
			complain("runtimeConfig["+api+"]", "runtimeConfig %q: write a version such as batch/v1beta1, or api/alpha, api/beta, api/all", api)
		}
	}
	if text := t.apiServerAddress(); text != "" {
		if _, err := netip.ParseAddr(text); err != nil {
			complain("kindConfig.networking.apiServerAddress", "apiServerAddress %q: write an IP address of this machine, or 0.0.0.0 for all of them", text)
		}
	}
	if t.Image != "" && !slices.Contains(t.Images(), "") {
		complain("image", "every node names its own image, so that none would be made from %s; leave one of them out", t.Image)
	}
	if t.KubernetesVersion != "" {
		if _, err := releases.Resolve(t.KubernetesVersion); err != nil {
			complain("kubernetesVersion", "%v; %s", err, hint.AdviceOf(err))
		} else if t.Image != "" {
			complain("kubernetesVersion", "the image %s decides the version of Kubernetes; leave one of the two out", t.Image)
		}
	}
	if t.Network != "" && !networkName.MatchString(t.Network) {
		complain("network", "network %q: use letters, digits, '_', '.' and '-', and begin with a letter or digit", t.Network)
	}
	if t.Fidelity != "" && !slices.Contains(fidelity.Modes, t.Fidelity) {
		complain("fidelity", "unknown fidelity %q%s; use one of: %s", t.Fidelity, hint.Nearest(t.Fidelity, fidelity.Modes), strings.Join(fidelity.Modes, ", "))
	}
	if t.TTL < 0 {
		complain("ttl", "ttl %s: write a time that is yet to come, such as 2h", t.TTL)
	}
}
