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

// validateFlags refuses flags that exclude each other.
func validateFlags(c *cli.Context) error {
	excluding := [][2]string{
		{"list", "print-rbac"}, {"name", "context"},
		{"list", "name"}, {"list", "context"}, {"list", "kubeconfig"}, {"list", "show-evidence"}, {"list", "report"},
		{"print-rbac", "name"}, {"print-rbac", "context"}, {"print-rbac", "kubeconfig"},
		{"print-rbac", "show-evidence"}, {"print-rbac", "output"}, {"print-rbac", "report"},
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
	return fmt.Sprintf("--%s contacts no cluster; leave --%s out", first, second)
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
