package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func downCommand() *cli.Command {
	return &cli.Command{
		Name: "down", Usage: "Remove clusters: containers, volumes, networks that kindctl made, and kubeconfig entries",
		UsageText: "kindctl down [-n NAME | --all] [--dry-run [-o json]]",
		Flags: []cli.Flag{
			nameFlag(), kubeconfigFlag(),
			&cli.BoolFlag{Name: "all", Usage: "every cluster that kindctl made on this host", DisableDefaultText: true},
			dryRunFlag(), planFormatFlag("--dry-run"),
		},
		Action: down,
	}
}

func down(c *cli.Context) error {
	if c.Bool("all") && slices.Contains(c.LocalFlagNames(), "name") {
		return hint.BadFlag.New("--all and --name exclude each other", "leave one of them out")
	}
	if err := onlyAnswer(c, []string{"dry-run"}); err != nil {
		return err
	}
	options := kindctl.DownOptions{All: c.Bool("all"), Kubeconfig: c.String("kubeconfig"), DryRun: c.Bool("dry-run")}
	if c.IsSet("name") {
		options.Name = c.String("name")
	}
	sink, finish := progressSink(c)
	defer finish()
	plans, err := clientFor(c, sink).Down(c.Context, options)
	finish()
	if err != nil || !options.DryRun {
		return err
	}
	return printDownPlan(c, plans)
}

// printDownPlan says what would be removed.
func printDownPlan(c *cli.Context, plans []kindctl.Removal) error {
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, map[string]any{"dryRun": true, "clusters": append([]kindctl.Removal{}, plans...)})
	}
	for _, plan := range plans {
		printLines(c.App.Writer, plan.Titles())
		if plan.Empty() {
			fmt.Fprintf(c.App.Writer, "There is no cluster %s; nothing would be removed.\n", plan.Cluster)
		}
	}
	if len(plans) == 0 {
		fmt.Fprintln(c.App.Writer, "There is no cluster that kindctl made; nothing would be removed.")
	}
	return nil
}
