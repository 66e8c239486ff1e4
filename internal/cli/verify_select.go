package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// contradiction refuses flags that cannot be meant together.
func contradiction(c *cli.Context) error {
	excluding := [][2]string{
		{"list", "print-rbac"}, {"name", "context"},
		{"list", "name"}, {"list", "context"}, {"list", "kubeconfig"}, {"list", "show-evidence"}, {"list", "report"},
		{"print-rbac", "name"}, {"print-rbac", "context"}, {"print-rbac", "kubeconfig"}, {"print-rbac", "show-evidence"}, {"print-rbac", "output"}, {"print-rbac", "report"},
	}
	for _, pair := range excluding {
		if given(c, pair[0]) && given(c, pair[1]) {
			return hint.BadFlag.New(fmt.Sprintf("--%s and --%s exclude each other", pair[0], pair[1]), whyNot(pair[0], pair[1]))
		}
	}
	if cni := c.String("cni"); c.IsSet("cni") && cni != addons.None && !slices.Contains(addons.Names(), cni) {
		known := append(addons.Names(), addons.None)
		return hint.CNIUnknown.New(fmt.Sprintf("there is no CNI %q%s", cni, hint.Nearest(cni, known)), "use one of: "+strings.Join(known, ", "))
	}
	return nil
}

func whyNot(first, second string) string {
	switch {
	case second == "output":
		return "roles are always YAML; leave --output out"
	case first == "name" || second == "print-rbac":
		return "leave one of them out"
	}
	return fmt.Sprintf("--%s asks no cluster; leave --%s out", first, second)
}

// given tells whether a flag stands on the command line. What the environment
// says as well may be meant for other commands.
func given(c *cli.Context, name string) bool {
	_, onLine := sourceOf(c, name)
	return c.IsSet(name) && onLine
}

// selectionOf reads the selection and holds it against everything that there
// is, before a cluster is asked.
func selectionOf(c *cli.Context) (verify.Selection, error) {
	s := verify.Selection{Only: c.StringSlice("only"), Skip: c.StringSlice("skip"), Quick: c.Bool("quick")}
	everything := kindctl.Checks(addons.Names()...)
	if _, err := verify.Select(everything, verify.Selection{Only: slices.Concat(s.Only, s.Skip)}); err != nil {
		return s, err
	}
	for _, name := range s.Only {
		if slices.Contains(s.Skip, name) {
			return s, hint.BadFlag.New(fmt.Sprintf("--only and --skip both name %q", name), "leave one of them out")
		}
		for _, check := range everything {
			if s.Quick && check.Slow && check.ID == name {
				return s, hint.BadFlag.New(fmt.Sprintf("--quick leaves out %q, which --only names", name), "leave --quick out")
			}
		}
	}
	return s, nil
}

// selectFor selects among the checks of a cluster with the CNI; where says how
// that is known. What --skip names of another CNI is left out anyway; --only
// cannot have it.
func selectFor(cni, where string, selection verify.Selection) ([]verify.Check, error) {
	checks := kindctl.Checks(cni)
	selection.Skip = slices.DeleteFunc(slices.Clone(selection.Skip), func(name string) bool { return !holds(checks, name) })
	for _, name := range selection.Only {
		if !holds(checks, name) {
			owner := ownerOf(name)
			return nil, hint.CheckElsewhere.New(fmt.Sprintf("%q is about %s, but %s", name, owner, where),
				"list what there is: kindctl verify --list --cni "+cni)
		}
	}
	return verify.Select(checks, selection)
}

// holds tells whether a name is an ID or a group of the checks.
func holds(checks []verify.Check, name string) bool {
	return slices.ContainsFunc(checks, func(check verify.Check) bool { return check.ID == name || check.Group == name })
}

// ownerOf returns the addon that a check or a group belongs to.
func ownerOf(name string) string {
	for _, addon := range addons.Names() {
		if holds(addons.Checks(addon), name) {
			return addon
		}
	}
	return "the core"
}

// has says which CNI a cluster has.
func has(cluster, cni string) string {
	if cni == addons.None {
		return cluster + " has no CNI that kindctl knows"
	}
	return cluster + " has " + cni
}
