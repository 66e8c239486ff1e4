package clusters

import (
	"maps"
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
