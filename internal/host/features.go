package host

import (
	"fmt"
	"slices"
	"strings"
)

// features looks for what the needs name in the kernel, each feature once.
func (f Facts) features(needs Needs) (findings []Finding) {
	var seen []Feature
	for _, need := range needs.Features {
		if !slices.Contains(seen, need.Feature) {
			seen = append(seen, need.Feature)
			findings = append(findings, f.feature(need.Feature, needs)...)
		}
	}
	return findings
}

func (f Facts) feature(feature Feature, needs Needs) []Finding {
	purpose, optional := needs.purpose(feature)
	id := "kernel." + feature.String()
	if !f.Local {
		return f.unknown(id, "whether the kernel has "+feature.String()+", which "+purpose)
	}
	finding := Finding{ID: id, State: OK, Observed: "this kernel has " + feature.String() + ", which " + purpose}
	switch f.Kernel.Supports(feature) {
	case Unknown:
		return f.unknown(id, "whether this kernel has "+feature.String()+", which "+purpose)
	case Absent:
		finding.State, finding.Observed = Fatal, "this kernel has no "+feature.String()+", which "+purpose
		finding.Effect, finding.Fix = "the cluster would not work", feature.wayOut()
		if optional {
			finding.State, finding.Effect = Warning, "kindctl up refuses to make such a cluster here; others are not affected"
		}
	}
	return []Finding{finding}
}

// purpose is what needs a feature, as the rest of a sentence. Needs that are
// optional count only when no other one has the feature.
func (n Needs) purpose(feature Feature) (text string, optional bool) {
	var certain, possible []string
	for _, need := range n.Features {
		switch {
		case need.Feature != feature:
		case need.Optional:
			possible = append(possible, need.For)
		default:
			certain = append(certain, need.For)
		}
	}
	if optional = len(certain) == 0; optional {
		certain = possible
	}
	if len(certain) == 1 {
		return certain[0] + " needs", optional
	}
	return strings.Join(certain, " and ") + " need", optional
}

func (f Feature) wayOut() string {
	if f.Module == "" {
		return "use a kernel that has " + f.Option
	}
	return fmt.Sprintf("install the kernel module %s, which may be in a package of its own such as linux-modules-extra, or choose another mode or CNI", f.Module)
}
