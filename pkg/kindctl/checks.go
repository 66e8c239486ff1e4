package kindctl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/shop"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

// Checks returns the checks of the core, joined with those of the CNIs that are
// named. A CNI that kindctl does not know has none.
func Checks(cnis ...string) []verify.Check {
	var known []verify.CNI
	for _, cni := range addons.CNIs() {
		if slices.Contains(cnis, cni.Name) {
			known = append(known, cni)
		}
	}
	lists := [][]verify.Check{checks.Core(known...)}
	for _, cni := range cnis {
		lists = append(lists, addons.Checks(cni))
	}
	return verify.Join(lists...)
}

// ShopChecks returns the checks of the application that Break deploys for some incidents, in
// clusters that have it.
func ShopChecks() []verify.Check { return shop.Checks() }

// SelectChecks selects among the checks of a cluster with a CNI. The error of a check
// that belongs to another CNI says which CNI it is, in the words of known: "--cni says
// calico". That Selection.Skip names such a check is no error. More are checks of what the
// cluster has besides.
func SelectChecks(cni, known string, selection verify.Selection, more ...verify.Check) ([]verify.Check, error) {
	all := verify.Join(Checks(cni), more)
	selection.Skip = slices.DeleteFunc(slices.Clone(selection.Skip), func(name string) bool { return !hasCheck(all, name) })
	for _, name := range selection.Only {
		if !hasCheck(all, name) && hasCheck(shop.Checks(), name) {
			return nil, hint.CheckElsewhere.New(fmt.Sprintf("%q is about the shop, which kindctl break deploys for some incidents, and which is not there", name),
				"list what there is: kindctl verify --list --cni "+cni)
		}
		if !hasCheck(all, name) {
			return nil, hint.CheckElsewhere.New(fmt.Sprintf("%q is about %s, but %s", name, ownerOf(name), known),
				"list what there is: kindctl verify --list --cni "+cni)
		}
	}
	return verify.Select(all, selection)
}

// hasCheck reports whether a name is an ID or a group of the checks.
func hasCheck(all []verify.Check, name string) bool {
	return slices.ContainsFunc(all, func(check verify.Check) bool { return check.ID == name || check.Group == name })
}

// ownerOf returns the addon that a check or a group belongs to.
func ownerOf(name string) string {
	for _, addon := range addons.Names() {
		if hasCheck(addons.Checks(addon), name) {
			return addon
		}
	}
	return "the core"
}

// checksFor are all checks of a cluster that is expected to be like this.
func checksFor(expect verify.Expectation) ([]verify.Check, error) { return Checks(expect.CNI), nil }

// DifferingChecks are the IDs of the checks whose findings Accept accepts: differences
// from the requested configuration.
func DifferingChecks() (ids []string) {
	for _, check := range Checks() {
		if check.Differs != "" {
			ids = append(ids, check.ID)
		}
	}
	return ids
}

// differingChecks are those of DifferingChecks that IDs name, by themselves or in the ID
// of a difference, or all.
func differingChecks(ids []string) (named []string, err error) {
	known := DifferingChecks()
	if len(ids) == 0 {
		return known, nil
	}
	for _, id := range ids {
		check, _, _ := strings.Cut(id, "/")
		if !slices.Contains(known, check) {
			return nil, hint.DifferenceUnknown.New(fmt.Sprintf("no check %q finds differences%s", check, hint.Nearest(check, known)),
				"use one of: "+strings.Join(known, ", "))
		}
		if !slices.Contains(named, check) {
			named = append(named, check)
		}
	}
	return named, nil
}
