package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func startCommand() *cli.Command {
	return &cli.Command{
		Name: "start", Usage: "Start a stopped cluster and verify every component",
		UsageText: "kindctl start [-n NAME] [--wait-timeout DURATION] [--dry-run [-o json]]",
		Description: "Nodes keep their addresses where Docker allows it; the etcd members of several control planes find each other by address only. " +
			"A cluster whose nodes came back at other addresses when Docker restarted is repaired the same way. Exits as verify does.",
		Flags:  []cli.Flag{nameFlag(), waitTimeoutFlag(), reportFlag(), dryRunFlag(), planFormatFlag("--dry-run")},
		Action: start,
	}
}

func start(c *cli.Context) error {
	if err := onlyAnswer(c, []string{"dry-run"}, "report"); err != nil {
		return err
	}
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	options := kindctl.StartOptions{Name: c.String("name"), WaitTimeout: wait, DryRun: c.Bool("dry-run")}
	if options.DryRun {
		result, err := clientOf(c).Start(c.Context, options)
		if err != nil {
			return err
		}
		return printPlan(c, options.Name, result.Steps)
	}
	reports, err := openReports(c, "start")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	result, err := clientFor(c, reports.follow(sink)).Start(c.Context, options)
	finish()
	if err := reports.finish(result.Report, err); err != nil {
		return err
	}
	state := fmt.Sprintf("runs again and is verified after %s", console.Round(time.Since(started)))
	if result.Running {
		state = "was running already and is verified"
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s %s: %s.\n", options.Name, state, report.Summary(result.Report))
	return nil
}
