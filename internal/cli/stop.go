package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/runs"
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
	name := c.String("name")
	docker, err := existing(c, name)
	if err != nil {
		return err
	}
	if !c.Bool("dry-run") {
		release, err := runs.Lock(name)
		if err != nil {
			return err
		}
		defer release()
	}
	plan, err := docker.Cluster(name).Stop(c.Context)
	if err != nil {
		return err
	}
	steps := plan.Titles()
	switch {
	case len(steps) == 0 && c.String("output") != "json":
		fmt.Fprintf(c.App.Writer, "Cluster %s is stopped already; nothing was changed.\n", name)
		return nil
	case c.Bool("dry-run"):
		return tellPlan(c, name, steps)
	}
	sink, finish := progressSink(c)
	defer finish()
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "stop", Title: "Stop cluster " + name})
	if err := plan.Run(c.Context, span); err != nil {
		span.Failed(err.Error(), "")
		return err
	}
	span.Done("")
	finish()
	fmt.Fprintf(c.App.Writer, "Cluster %s is stopped: %s. Start it again: kindctl start -n %s\n", name, count(len(steps), "container"), name)
	return nil
}
