package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func resetCommand() *cli.Command {
	return &cli.Command{
		Name: "reset", Usage: "Bring a cluster back to a snapshot of itself, and verify it quickly",
		UsageText: `kindctl reset [-n NAME] [--to SNAPSHOT]

Examples:
  kindctl reset -n lab                        as it was after kindctl up --snapshot
  kindctl reset -n lab --to seeded            as it was at kindctl snapshot save seeded`,
		Description: "Everything that has changed in the cluster since the snapshot is lost. Addresses, ports, kubeconfigs and the cluster's expiry stay as they are. " +
			"A snapshot that is damaged or of other nodes is refused before anything is touched. When the reset fails, because the cluster does not pass the verification for example, or is interrupted, the old data comes back. " +
			"The verification is that of verify --quick. Exits as verify does.",
		Flags: []cli.Flag{
			nameFlag(),
			&cli.StringFlag{Name: "to", Value: kindctl.AfterUp, Usage: "`SNAPSHOT` of the cluster: see kindctl snapshot"},
			waitTimeoutFlag(), reportFlag(),
		},
		Action: reset,
	}
}

func reset(c *cli.Context) error {
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	reports, err := openReports(c, "reset")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	verdict, err := clientFor(c, reports.follow(sink)).Reset(c.Context, kindctl.ResetOptions{Name: c.String("name"), To: c.String("to"),
		WaitTimeout: wait})
	finish()
	if err := reports.finish(verdict, err); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s is back at snapshot %s and quickly verified after %s: %s.\n", c.String("name"), c.String("to"),
		console.Round(time.Since(started)), report.Summary(verdict))
	return nil
}
