package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// listChecks shows what would be proven, of every CNI or of the one named.
func listChecks(c *cli.Context, selection verify.Selection) error {
	var checks []verify.Check
	var err error
	if cni := c.String("cni"); cni != "" {
		checks, err = kindctl.SelectChecks(cni, "--cni says "+cni, selection)
	} else {
		checks, err = verify.Select(verify.Join(kindctl.Checks(addons.Names()...), kindctl.ShopChecks()), selection)
	}
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.ChecksJSON(c.App.Writer, checks)
	}
	report.Checks(c.App.Writer, checks, style(c.App.Writer, isOn(c, "no-color")))
	return nil
}

// printRoles prints the rights that the selected checks need.
func printRoles(c *cli.Context, selection verify.Selection) error {
	cni, known := c.String("cni"), "--cni says "+c.String("cni")
	if cni == "" {
		cni, known = addons.None, "--cni names none"
	}
	checks, err := kindctl.SelectChecks(cni, known, selection)
	if err != nil {
		return err
	}
	roles, err := verify.Roles(checks)
	if err != nil {
		return err
	}
	return report.YAML(c.App.Writer, roles)
}
