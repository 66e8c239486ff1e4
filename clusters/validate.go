package clusters

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kindctl/kindctl/pkg/hint"
)

const (
	// maxHostname is Linux's limit, less the byte that some tools need.
	maxHostname = 63
	// maxNodes is far beyond what one machine carries; it catches a typing error.
	maxNodes = 100
)

// Validate returns warnings, and one error that names everything wrong at once,
// with its place where a configuration file says it.
func (t Topology) Validate() (warnings []string, err error) { return t.validate(true) }

// ValidateShape is Validate without the patches, for a cluster that has been made
// with them.
func (t Topology) ValidateShape() (warnings []string, err error) { return t.validate(false) }

func (t Topology) validate(patches bool) (warnings []string, err error) {
	var problems []string
	complain := func(path, format string, args ...any) {
		problems = append(problems, t.origins.prefix(path)+fmt.Sprintf(format, args...))
	}
	warnings = append(t.adoptedCNI(), t.notes...)

	t.validateName(complain)
	if t.ControlPlanes < 1 {
		complain("controlPlanes", "control planes: %d; at least 1 is needed", t.ControlPlanes)
	}
	if t.Workers < 0 {
		complain("workers", "workers: %d; use 0 or more", t.Workers)
	}
	if t.Nodes() > maxNodes {
		complain(t.origins.written("workers", "controlPlanes"), "%d nodes; at most %d", t.Nodes(), maxNodes)
	}
	warnings = append(warnings, t.validateCNI(complain)...)
	if t.APIServerPort < 0 || t.APIServerPort > 65535 {
		complain("apiServerPort", "API server port %d: use 1 to 65535, or 0 for a free one", t.APIServerPort)
	}
	t.judgeEtcd(complain)
	t.judgeSubnets(complain)
	t.judgeGroups(complain)
	t.judgeTogether(complain)
	warnings = append(warnings, t.judgeState(complain)...)
	t.judgeManifests(complain)
	t.judgeSettings(complain)
	t.validateCNISettings(complain)
	warnings = append(warnings, t.oldImages()...)
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
func (t Topology) validateName(complain complaint) {
	suffix := t.longestSuffix()
	longest, reason := maxHostname-len(suffix), ""
	if len(t.Name) > longest {
		reason = fmt.Sprintf("; the container %s%s would have a host name of %d characters, and at most %d are allowed", t.Name, suffix, len(t.Name)+len(suffix), maxHostname)
	}
	if reason != "" || len(validation.IsDNS1123Subdomain(t.Name)) > 0 {
		complain("name", "name %q: use 1 to %d of a-z, 0-9, '-' and '.', each part between dots beginning and ending with a letter or digit%s", t.Name, longest, reason)
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
