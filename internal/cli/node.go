package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func nodeCommand() *cli.Command {
	return &cli.Command{
		Name: "node", Usage: "Add nodes to a running cluster, or remove some",
		Subcommands: []*cli.Command{
			{
				Name: "add", Usage: "Add nodes, and verify every component",
				UsageText: `kindctl node add [-n NAME] [--role worker|control-plane] [--count NUMBER]

Examples:
  kindctl node add                                 one more worker
  kindctl node add -n ha --role control-plane      also adds an etcd member`,
				Description: "New nodes are like the first of their role: its image, mounts, labels, taints and limits, containerd's configuration with certs.d, and the certificate authorities that it trusts, but none of its extra port mappings. " +
					"Loaded images are copied; images that containerd pulled for a pod are pulled again when needed. The command is refused if that node mounts a directory of the host for the state of etcd, containerd or the kubelet, which two nodes cannot share. " +
					"Control planes need a load balancer, which only clusters created with several control planes have. Exits as verify does; on failure the cluster is restored.",
				Flags: append(changeFlags(),
					&cli.StringFlag{Name: "role", Value: clusters.Worker,
						Usage: "`ROLE` of the nodes: " + clusters.Worker + ", " + clusters.ControlPlane},
					&cli.IntFlag{Name: "count", Value: 1, Usage: "`NUMBER` of nodes"},
					&cli.BoolFlag{Name: "retain", EnvVars: []string{"KINDCTL_RETAIN"},
						Usage: "keep the nodes after a failure, for debugging", DisableDefaultText: true}),
				Action: addNodes,
			},
			{
				Name: "rm", Usage: "Drain nodes, remove them, and verify every component",
				UsageText: `kindctl node rm NODE... [-n NAME] [--force]

Examples:
  kindctl node rm worker2                          with or without the cluster's name in front
  kindctl node rm -n ha ha-control-plane3          also removes an etcd member`,
				Description: "Pods are evicted as by kubectl drain. The command is refused if etcd would lose its quorum, or if a volume's data is on the node. " +
					"Nodes whose container is stopped or missing can be removed too. Exits as verify does.",
				ArgsUsage: "NODE...",
				Flags:     append(changeFlags(), forceFlag()),
				Action:    removeNodes,
			},
		},
	}
}

func scaleCommand() *cli.Command {
	return &cli.Command{
		Name: "scale", Usage: "Add or remove workers to reach a number, and verify every component",
		UsageText:   "kindctl scale --workers NUMBER [-n NAME] [--force]",
		Description: "Workers with the highest numbers are removed first. See kindctl node add and kindctl node rm.",
		Flags: append(changeFlags(), forceFlag(),
			requiredNumber{&cli.IntFlag{Name: "workers", Usage: "desired `NUMBER` of workers"}}),
		Action: scale,
	}
}

func changeFlags() []cli.Flag { return []cli.Flag{nameFlag(), waitTimeoutFlag(), reportFlag()} }

func forceFlag() *cli.BoolFlag {
	return &cli.BoolFlag{Name: "force", Usage: "also delete pods without a controller, and node-local volumes (data loss)",
		DisableDefaultText: true}
}

func addNodes(c *cli.Context) error {
	role, count := c.String("role"), c.Int("count")
	roles := []string{clusters.Worker, clusters.ControlPlane}
	switch {
	case !slices.Contains(roles, role):
		return hint.BadFlag.New(fmt.Sprintf("there is no role %q%s", role, hint.Nearest(role, roles)),
			"use one of: "+strings.Join(roles, ", "))
	case count < 1:
		return hint.BadFlag.New(fmt.Sprintf("--count %d adds nothing", count), "use 1 or more")
	}
	return changeNodes(c, "node add", func(client *kindctl.Client, wait time.Duration) (kindctl.NodesResult, error) {
		return client.AddNodes(c.Context, kindctl.AddNodesOptions{Name: c.String("name"), Role: role, Count: count, WaitTimeout: wait,
			Retain: c.Bool("retain")})
	})
}

func removeNodes(c *cli.Context) error {
	names, err := argumentsOf(c)
	if err != nil {
		return err
	}
	if c.Bool("help") {
		return cli.ShowSubcommandHelp(c)
	}
	if len(names) == 0 {
		return hint.NoNode.New("there is no node to remove", "name some: kindctl node rm worker2; they are listed by: kindctl get nodes")
	}
	return changeNodes(c, "node rm", func(client *kindctl.Client, wait time.Duration) (kindctl.NodesResult, error) {
		return client.RemoveNodes(c.Context, kindctl.RemoveNodesOptions{Name: c.String("name"), Nodes: names, Force: c.Bool("force"),
			WaitTimeout: wait})
	})
}

func scale(c *cli.Context) error {
	want := c.Int("workers")
	switch {
	case !c.IsSet("workers"):
		return hint.BadFlag.New("--workers is missing", "give the number of workers that you want: kindctl scale --workers 3")
	case want < 0:
		return hint.BadFlag.New(fmt.Sprintf("--workers %d: there cannot be fewer than none", want), "use 0 or more")
	}
	return changeNodes(c, "scale", func(client *kindctl.Client, wait time.Duration) (kindctl.NodesResult, error) {
		return client.Scale(c.Context, kindctl.ScaleOptions{Name: c.String("name"), Workers: want, Force: c.Bool("force"),
			WaitTimeout: wait})
	})
}

// changeNodes changes the nodes of a cluster, and says how.
func changeNodes(c *cli.Context, command string, change func(*kindctl.Client, time.Duration) (kindctl.NodesResult, error)) error {
	wait, err := waitTimeout(c)
	if err != nil {
		return err
	}
	reports, err := openReports(c, command)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	started := time.Now()
	result, err := change(clientFor(c, reports.follow(sink)), wait)
	finish()
	if err := reports.finish(result.Report, err); err != nil {
		return err
	}
	var done string
	switch {
	case len(result.Added) > 0:
		done = "Added " + strings.Join(result.Added, ", ") + " to"
	case len(result.Removed) > 0:
		done = "Removed " + strings.Join(result.Removed, ", ") + " from"
	default:
		fmt.Fprintf(c.App.Writer, "Cluster %s has %s already; nothing was changed: %s.\n", c.String("name"), quantity.Count(c.Int("workers"), "worker"),
			report.Summary(result.Report))
		return nil
	}
	fmt.Fprintf(c.App.Writer, "%s cluster %s, verified after %s: %s.\n", done, c.String("name"), console.Round(time.Since(started)),
		report.Summary(result.Report))
	return nil
}
