package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

func acceptCommand() *cli.Command {
	return &cli.Command{
		Name: "accept", Usage: "Accept differences from the requested configuration",
		UsageText: `kindctl accept [-n NAME | --context CONTEXT] [ID...]
kindctl accept --list [-o table|json]     what has been accepted
kindctl accept --undo [ID...]             warn of it again

Examples:
  kindctl accept -n lab                     all differences that there are now
  kindctl accept -n lab node.taint          those that one check finds
  kindctl accept --undo api.authz/anonymous`,
		Description: "verify warns of what was changed in a cluster later, such as a removed taint, and gives it an ID. " +
			"Once accepted, the check passes and mentions it; other findings are reported as before. " +
			"docs/checks.md lists the checks that report differences. Accepted IDs are stored in the ConfigMap kube-system/kindctl-accepted.",
		ArgsUsage: "[ID...]",
		Flags: []cli.Flag{
			nameFlag(), contextFlag(), kubeconfigFlag(), outputFlag("table", "json"),
			&cli.BoolFlag{Name: "list", Usage: "list what has been accepted", DisableDefaultText: true},
			&cli.BoolFlag{Name: "undo", Usage: "stop accepting these, or all", DisableDefaultText: true},
		},
		Action: accept,
	}
}

func accept(c *cli.Context) error {
	ids, err := argumentsOf(c)
	if err != nil {
		return err
	}
	if c.Bool("help") {
		return cli.ShowSubcommandHelp(c)
	}
	switch {
	case c.Bool("list") && c.Bool("undo"):
		return hint.BadFlag.New("--list and --undo exclude each other", "leave one of them out")
	case c.Bool("list") && len(ids) > 0:
		return hint.UnexpectedArgument.New(fmt.Sprintf("--list takes no argument %q", ids[0]), "leave it out")
	case given(c, "name") && given(c, "context"):
		return hint.BadFlag.New("--name and --context exclude each other", "leave one of them out")
	}
	switch {
	case c.Bool("list"):
		return listAccepted(c)
	case c.Bool("undo"):
		return unaccept(c, ids)
	}
	return acceptNow(c, ids)
}

func acceptNow(c *cli.Context, ids []string) error {
	sink, finish := progressSink(c)
	defer finish()
	cluster := clusterOf(c)
	result, err := clientFor(c, withoutFailures(sink)).Accept(c.Context, kindctl.AcceptOptions{Cluster: cluster, IDs: ids})
	finish()
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, append([]verify.Difference{}, result.Differences...))
	}
	if len(result.Added) == 0 {
		fmt.Fprintf(c.App.Writer, "%s: nothing differs that was not accepted before%s.\n", cluster, result.Failures())
		return nil
	}
	for _, d := range result.Added {
		fmt.Fprintf(c.App.Writer, "accepted %s: %s\n", d.ID, d.Cause)
	}
	return nil
}

func unaccept(c *cli.Context, ids []string) error {
	removed, err := clientOf(c).Unaccept(c.Context, kindctl.AcceptOptions{Cluster: clusterOf(c), IDs: ids})
	if err != nil {
		return err
	}
	for _, d := range removed {
		fmt.Fprintf(c.App.Writer, "no longer accepted: %s\n", d.ID)
	}
	return nil
}

func listAccepted(c *cli.Context) error {
	cluster := clusterOf(c)
	accepted, err := clientOf(c).Accepted(c.Context, cluster)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, append([]verify.Difference{}, accepted...))
	}
	if len(accepted) == 0 {
		fmt.Fprintf(c.App.Writer, "%s: nothing is accepted.\n", cluster)
	}
	for _, d := range accepted {
		fmt.Fprintf(c.App.Writer, "%s: %s\n", d.ID, d.Cause)
	}
	return nil
}
