package cli

import (
	"cmp"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func explainFlag() *cli.BoolFlag {
	return &cli.BoolFlag{Name: "explain", Usage: "print what differs from a production cluster, and create nothing", DisableDefaultText: true}
}

// explain says how a cluster differs from one in production.
func explain(c *cli.Context, t clusters.Topology) error {
	shortcuts, err := kindctl.Shortcuts(t)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, struct {
			Cluster   string              `json:"cluster"`
			Fidelity  string              `json:"fidelity"`
			Shortcuts []fidelity.Shortcut `json:"shortcuts"`
		}{t.Name, cmp.Or(t.Fidelity, fidelity.Fast), shortcuts})
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s: %s, %s, CNI %s\n\n", t.Name, quantity.Count(t.ControlPlanes, "control plane"), quantity.Count(t.Workers, "worker"), t.CNI)
	report.Shortcuts(c.App.Writer, shortcuts, style(c.App.Writer, isOn(c, "no-color")))
	return nil
}
