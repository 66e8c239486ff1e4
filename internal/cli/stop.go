package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func stopCommand() *cli.Command {
	return &cli.Command{
		Name: "stop", Usage: "Stop a cluster's nodes, and keep their data",
		UsageText:   "kindctl stop [-n NAME] [--dry-run [-o json]]",
		Description: `All nodes are stopped at the same time, and stay stopped until "kindctl start", also when Docker or this machine restarts.`,
		Flags:       []cli.Flag{nameFlag(), dryRunFlag(), planFormatFlag("--dry-run")},
		Action:      stop,
	}
}

func stop(c *cli.Context) error {
	if err := onlyAnswer(c, []string{"dry-run"}); err != nil {
		return err
	}
	name, dry := c.String("name"), c.Bool("dry-run")
	sink, finish := progressSink(c)
	defer finish()
	steps, err := clientFor(c, sink).Stop(c.Context, kindctl.StopOptions{Name: name, DryRun: dry})
	finish()
	switch {
	case err != nil:
		return err
	case len(steps) == 0 && c.String("output") != "json":
		fmt.Fprintf(c.App.Writer, "Cluster %s is stopped already; nothing was changed.\n", name)
		return nil
	case dry:
		return printPlan(c, name, steps)
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s is stopped: %s. Start it again: kindctl start -n %s\n", name, quantity.Count(len(steps), "container"), name)
	return nil
}
