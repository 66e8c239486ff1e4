package kindctl

import (
	"slices"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/wiring"
	"github.com/kindctl/kindctl/pkg/bootstrap"
)

// HostNeeds are what a cluster asks of the kernel and the host.
type HostNeeds = host.Needs

// Needs are those of a cluster of a topology. Its error
// is that of a CNI that kindctl does not know.
func Needs(t clusters.Topology) (HostNeeds, error) {
	addon, err := wiring.Addon(t, host.Facts{})
	if err != nil {
		return host.Needs{}, err
	}
	return bootstrap.Needs(t, addon), nil
}

// possibleNeeds are the needs of a topology and, as optional ones, those of every other
// CNI, proxy mode and fidelity that it could have.
func possibleNeeds(t clusters.Topology) (host.Needs, error) {
	needs, err := Needs(t)
	if err != nil {
		return host.Needs{}, err
	}
	addOptional(&needs, []host.Need{{Feature: host.IPv6, For: bootstrap.IPv6Purpose}})
	t.Name = "any" // the name asks for nothing
	for _, t.CNI = range clusters.CNIs() {
		for _, t.ProxyMode = range clusters.ProxyModes {
			if _, err := t.Validate(); err != nil {
				continue
			}
			for _, t.Fidelity = range fidelity.Modes {
				other, err := Needs(t)
				if err != nil {
					return host.Needs{}, err
				}
				addOptional(&needs, other.Features)
			}
		}
	}
	return needs, nil
}

// addOptional adds those that are not there yet, for the same purpose.
func addOptional(needs *host.Needs, more []host.Need) {
	for _, need := range more {
		if !slices.ContainsFunc(needs.Features, func(known host.Need) bool { return known.Feature == need.Feature && known.For == need.For }) {
			need.Optional = true
			needs.Features = append(needs.Features, need)
		}
	}
}
