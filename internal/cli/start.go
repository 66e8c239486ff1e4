package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/lifecycle"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

func startCommand() *cli.Command {
	return &cli.Command{
		Name: "start", Usage: "Start a stopped cluster and verify every component",
		UsageText: "kindctl start [-n NAME] [--wait-timeout TIME] [--dry-run [-o json]]",
		Description: "Nodes keep their addresses where Docker allows it; the etcd members of several control planes find each other by address only. " +
			"A cluster whose nodes came back at other addresses when Docker restarted is repaired the same way. Exits as verify does.",
		Flags:  []cli.Flag{nameFlag(), waitTimeoutFlag(), reportFlag(), dryRunFlag(), planFormatFlag("--dry-run")},
		Action: start,
	}
}

func waitTimeoutFlag() *cli.DurationFlag {
	return &cli.DurationFlag{Name: "wait-timeout", EnvVars: []string{"KINDCTL_WAIT_TIMEOUT"}, Value: kindctl.WaitTimeout, Usage: "timeout (`DURATION`) for each wait"}
}

func start(c *cli.Context) error {
	if err := onlyAnswer(c, []string{"dry-run"}, "report"); err != nil {
		return err
	}
	if c.Duration("wait-timeout") <= 0 {
		return hint.BadFlag.New("--wait-timeout must be positive", "write it as 5m or 300s")
	}
	name := c.String("name")
	docker, err := existing(c, name)
	if err != nil {
		return err
	}
	config := lifecycle.StartConfig{Name: name, Docker: docker, WaitTimeout: c.Duration("wait-timeout"), Checks: checksFor(name), CNIs: addons.CNIs(), Workloads: addons.Workloads, Rejoin: addons.Rejoin}
	if c.Bool("dry-run") {
		lines, err := lifecycle.NewStart(config).DryRun(c.Context)
		if err != nil {
			return err
		}
		return tellPlan(c, name, lines)
	}
	reports, err := openReports(c, "start")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	config.Sink = reports.follow(sink)
	started := time.Now()
	cluster := lifecycle.NewStart(config)
	err = cluster.Run(c.Context)
	finish()
	verdict := cluster.Report
	verdict.Cluster = provider.Context(name)
	if err := reports.finish(verdict, err); err != nil {
		return err
	}
	state := fmt.Sprintf("runs again and is verified after %s", report.Round(time.Since(started)))
	if cluster.Ran {
		state = "was running already and is verified"
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s %s: %s.\n", name, state, report.Summary(cluster.Report))
	return nil
}

// checksFor returns all checks for what a cluster is expected to be.
func checksFor(name string) func(verify.Expectation) ([]verify.Check, error) {
	return func(expect verify.Expectation) ([]verify.Check, error) {
		return selectFor(expect.CNI, has(name, expect.CNI), verify.Selection{})
	}
}
