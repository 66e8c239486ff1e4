package clusters

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	// maxHostname is Linux's limit, less the byte that some tools need.
	maxHostname = 63
	// maxNodes is far beyond what one machine carries; it catches a typing error.
	maxNodes = 100
)

// reporter reports that the value at a path is wrong.
type reporter func(path, format string, args ...any)

// unknown reports a value that is none of those that there are.
func (r reporter) unknown(path, what, value string, known []string) {
	r(path, "unknown %s %q%s; use one of: %s", what, value, hint.Nearest(value, known), strings.Join(known, ", "))
}

// validator reports what is wrong with a Topology.
type validator struct {
	Topology
	report reporter
}

// Validate returns warnings, and one error that names everything wrong at once,
// with its place where a configuration file says it.
func (t Topology) Validate() (warnings []string, err error) { return t.validate(true) }

// ValidateShape is Validate without the patches, for a cluster that has been made
// with them.
func (t Topology) ValidateShape() (warnings []string, err error) { return t.validate(false) }

func (t Topology) validate(patches bool) (warnings []string, err error) {
	var problems []string
	v := validator{t, func(path, format string, args ...any) {
		problems = append(problems, t.origins.prefix(path)+fmt.Sprintf(format, args...))
	}}
	warnings = append(t.adoptedCNI(), t.notes...)

	v.validateName()
	if t.ControlPlanes < 1 {
		v.report("controlPlanes", "control planes: %d; at least 1 is needed", t.ControlPlanes)
	}
	if t.Workers < 0 {
		v.report("workers", "workers: %d; use 0 or more", t.Workers)
	}
	if t.Nodes() > maxNodes {
		v.report(t.origins.written("workers", "controlPlanes"), "%d nodes; at most %d", t.Nodes(), maxNodes)
	}
	warnings = append(warnings, v.validateCNI()...)
	if t.APIServerPort < 0 || t.APIServerPort > 65535 {
		v.report("apiServerPort", "API server port %d: use 1 to 65535, or 0 for a free one", t.APIServerPort)
	}
	v.validateEtcd()
	v.validateSubnets()
	v.validateGroups()
	v.validateTogether()
	warnings = append(warnings, v.validateState()...)
	v.validateManifests()
	v.validateSettings()
	v.validateCNISettings()
	warnings = append(warnings, v.oldImages()...)
	if patches {
		said, wrong := t.ReviewPatches(nil)
		warnings, problems = append(warnings, said...), append(problems, wrong...)
	}
	if t.ControlPlanes > 1 && t.Workers == 0 && len(t.Untainted()) == 0 {
		warnings = append(warnings, fmt.Sprintf("no workers: all %d control planes are tainted, so ordinary pods stay Pending; add --workers 1", t.ControlPlanes))
	}
	if t.ControlPlanes%2 == 0 && t.ControlPlanes > 0 && !t.ExternalEtcd() {
		warnings = append(warnings, fmt.Sprintf("%d control planes mean %d etcd members: a quorum of %d, which survives the loss of %d, no more than %d members would; use an odd number",
			t.ControlPlanes, t.ControlPlanes, t.ControlPlanes/2+1, (t.ControlPlanes-1)/2, t.ControlPlanes-1))
	}
	if t.ProxyMode == "ipvs" {
		warnings = append(warnings, "kube-proxy's ipvs mode is deprecated and will be removed from Kubernetes; nftables is its successor")
	}
	if len(problems) > 0 {
		return warnings, hint.ConfigInvalid.New(strings.Join(problems, "\n"), `see "kindctl up --help" and docs/config.md`)
	}
	return warnings, nil
}

// validateName refuses names of which no name of a node can be made, which is a DNS
// name too.
func (v validator) validateName() {
	suffix := v.longestSuffix()
	longest, reason := maxHostname-len(suffix), ""
	if len(v.Name) > longest {
		reason = fmt.Sprintf("; the container %s%s would have a host name of %d characters, and at most %d are allowed", v.Name, suffix, len(v.Name)+len(suffix), maxHostname)
	}
	if reason != "" || len(validation.IsDNS1123Subdomain(v.Name)) > 0 {
		v.report("name", "name %q: use 1 to %d of a-z, 0-9, '-' and '.', each part between dots beginning and ending with a letter or digit%s", v.Name, longest, reason)
	}
}

// longestSuffix is what is appended to the cluster's name for the longest name of a
// container (kind v0.33.0, pkg/cluster/internal/providers/common). Control planes
// after the first have a number of one or two digits.
func (t Topology) longestSuffix() string {
	longest := "-control-plane"
	if t.ControlPlanes > 1 {
		longest = "-external-load-balancer"
	}
	if t.EtcdMembers > maxEtcdMembers { // which is refused
		return longest
	}
	for _, name := range t.EtcdNames() {
		if suffix := strings.TrimPrefix(name, t.Name); len(suffix) > len(longest) {
			longest = suffix
		}
	}
	return longest
}

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

// APIServerAddress is the address of this machine on which the API server is published;
// the zero value if the configuration sets none.
func (t Topology) APIServerAddress() netip.Addr {
	address, err := netip.ParseAddr(t.apiServerAddress())
	if err != nil {
		return netip.Addr{} // Validate refuses it
	}
	return address
}

// oldImages warns of node images of a Kubernetes that kubernetesVersion would
// refuse.
func (v validator) oldImages() (warnings []string) {
	r := renderer{Topology: v.Topology}
	for _, node := range v.Each() {
		image := v.imageOf(node)
		if version := r.kubernetesOf(node); image != "" && version != "" && releases.TooOld(version) {
			path := "image"
			if kinds, at := v.kindNodeOf(node); kinds.Image != "" {
				path = at + ".image"
			}
			warnings = append(warnings, v.origins.prefix(path)+"Kubernetes of image "+image+" is older than "+releases.Oldest+", the oldest that kindctl is known to work with")
		}
	}
	slices.Sort(warnings)
	return slices.Compact(warnings)
}

// validateSettings looks at what concerns the whole cluster.
func (v validator) validateSettings() {
	for _, gate := range slices.Sorted(maps.Keys(v.FeatureGates)) {
		if !gateName.MatchString(gate) {
			v.report("featureGates["+gate+"]", "feature gate %q: write its name, such as MemoryQoS", gate)
		}
	}
	for _, api := range slices.Sorted(maps.Keys(v.RuntimeConfig)) {
		if !apiName.MatchString(api) {
			v.report("runtimeConfig["+api+"]", "runtimeConfig %q: write a version such as batch/v1beta1, or api/alpha, api/beta, api/all", api)
		}
	}
	if text := v.apiServerAddress(); text != "" {
		if _, err := netip.ParseAddr(text); err != nil {
			v.report("kindConfig.networking.apiServerAddress", "apiServerAddress %q: write an IP address of this machine, or 0.0.0.0 for all of them", text)
		}
	}
	if v.Image != "" && !slices.Contains(v.Images(), "") {
		v.report("image", "every node names its own image, so that none would be made from %s; leave one of them out", v.Image)
	}
	if v.KubernetesVersion != "" {
		if _, err := releases.Resolve(v.KubernetesVersion); err != nil {
			v.report("kubernetesVersion", "%v; %s", err, hint.AdviceOf(err))
		} else if v.Image != "" {
			v.report("kubernetesVersion", "the image %s decides the version of Kubernetes; leave one of the two out", v.Image)
		}
	}
	if v.Network != "" && !networkName.MatchString(v.Network) {
		v.report("network", "network %q: use letters, digits, '_', '.' and '-', and begin with a letter or digit", v.Network)
	}
	if v.Fidelity != "" && !slices.Contains(fidelity.Modes, v.Fidelity) {
		v.report.unknown("fidelity", "fidelity", v.Fidelity, fidelity.Modes)
	}
	if v.TTL < 0 {
		v.report("ttl", "ttl %s: write a time that is yet to come, such as 2h", v.TTL)
	}
}
