package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/nodes"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

func nodeCommand() *cli.Command {
	return &cli.Command{
		Name: "node", Usage: "Add nodes to a running cluster, or remove some",
		Subcommands: []*cli.Command{
			{
				Name: "add", Usage: "Add nodes, and verify every component",
				UsageText: `kindctl node add [-n NAME] [--role worker|control-plane] [--count NUMBER]

Examples:
  kindctl node add                                 one worker more
  kindctl node add -n ha --role control-plane      also a member of etcd more`,
				Description: "New nodes are like the first of their role: its image, mounts, labels, taints and limits, containerd's configuration with certs.d, and the certificate authorities that it trusts, but none of its extra port mappings. " +
					"Loaded images are copied; images that containerd pulled for a pod are pulled again when needed. The command is refused if that node mounts a directory of the host for the state of etcd, containerd or the kubelet, which two nodes cannot share. " +
					"Control planes need a load balancer, which only clusters created with several control planes have. Exits as verify does; on failure the cluster is restored.",
				Flags: append(standingFlags(),
					&cli.StringFlag{Name: "role", Value: clusters.Worker, Usage: "`ROLE` of the nodes: " + clusters.Worker + ", " + clusters.ControlPlane},
					&cli.IntFlag{Name: "count", Value: 1, Usage: "`NUMBER` of nodes"},
					&cli.BoolFlag{Name: "retain", EnvVars: []string{"KINDCTL_RETAIN"}, Usage: "keep the nodes after a failure, for debugging", DisableDefaultText: true}),
				Action: addNodes,
			},
			{
				Name: "rm", Usage: "Drain nodes, remove them, and verify every component",
				UsageText: `kindctl node rm NODE... [-n NAME] [--force]

Examples:
  kindctl node rm worker2                          with or without the cluster's name in front
  kindctl node rm -n ha ha-control-plane3          also a member of etcd less`,
				Description: "Pods are evicted as by kubectl drain. The command is refused if etcd would lose its quorum, or if a volume's data is on the node. " +
					"Nodes whose container is stopped or missing can be removed too. Exits as verify does.",
				ArgsUsage: "NODE...",
				Flags:     append(standingFlags(), forceFlag()),
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
		Flags: append(standingFlags(), forceFlag(),
			&cli.IntFlag{Name: "workers", Usage: "desired `NUMBER` of workers", DefaultText: "required"}),
		Action: scale,
	}
}

func standingFlags() []cli.Flag { return []cli.Flag{nameFlag(), waitTimeoutFlag(), reportFlag()} }

func forceFlag() *cli.BoolFlag {
	return &cli.BoolFlag{Name: "force", Usage: "also delete pods without a controller, and node-local volumes (data loss)", DisableDefaultText: true}
}

// change is what adds or removes nodes.
type change interface {
	Run(ctx context.Context) error
	Verdict() verify.Report
}

func addNodes(c *cli.Context) error {
	role, count := c.String("role"), c.Int("count")
	roles := []string{clusters.Worker, clusters.ControlPlane}
	switch {
	case !slices.Contains(roles, role):
		return hint.BadFlag.New(fmt.Sprintf("there is no role %q%s", role, hint.Nearest(role, roles)), "use one of: "+strings.Join(roles, ", "))
	case count < 1:
		return hint.BadFlag.New(fmt.Sprintf("--count %d adds nothing", count), "use a number from 1")
	}
	return grow(c, role, count)
}

func grow(c *cli.Context, role string, count int) error {
	var adding *nodes.Add
	return alter(c, "node add", func(config nodes.Config) change {
		config.Retain, config.Retainable = c.Bool("retain"), c.Command.Name == "add"
		adding = nodes.NewAdd(config, role, count)
		return adding
	}, func() string { return "Added " + strings.Join(adding.Nodes, ", ") + " to" })
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
	return shrink(c, names)
}

func shrink(c *cli.Context, names []string) error {
	var removing *nodes.Remove
	return alter(c, "node rm", func(config nodes.Config) change {
		removing = nodes.NewRemove(config, c.Bool("force"), names...)
		return removing
	}, func() string { return "Removed " + strings.Join(removing.Nodes(), ", ") + " from" })
}

func scale(c *cli.Context) error {
	want := c.Int("workers")
	switch {
	case !c.IsSet("workers"):
		return hint.BadFlag.New("--workers is missing", "give the number of workers that you want: kindctl scale --workers 3")
	case want < 0:
		return hint.BadFlag.New(fmt.Sprintf("--workers %d: there cannot be fewer than none", want), "use a number from 0")
	}
	docker, err := existing(c, c.String("name"))
	if err != nil {
		return err
	}
	nodes, err := docker.Cluster(c.String("name")).KubernetesNodes(c.Context)
	if err != nil {
		return err
	}
	workers := slices.DeleteFunc(nodes, func(n *provider.Node) bool { return n.Role != clusters.Worker })
	switch more := want - len(workers); {
	case more > 0:
		return grow(c, clusters.Worker, more)
	case more < 0:
		return shrink(c, last(workers, -more))
	}
	fmt.Fprintf(c.App.Writer, "Cluster %s has %s already; nothing was changed.\n", c.String("name"), count(want, "worker"))
	return nil
}

// last are the names of the workers that came last: kind's numbers grow.
func last(workers []*provider.Node, n int) (names []string) {
	slices.SortFunc(workers, func(a, b *provider.Node) int {
		if len(a.Name) != len(b.Name) {
			return len(a.Name) - len(b.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	for _, worker := range workers[len(workers)-n:] {
		names = append(names, worker.Name)
	}
	return names
}

// alter changes the nodes of a cluster that is there, and says what has become of it.
func alter(c *cli.Context, command string, open func(nodes.Config) change, done func() string) error {
	name := c.String("name")
	if c.Duration("wait-timeout") <= 0 {
		return hint.BadFlag.New("--wait-timeout must be positive", "write it as 5m or 300s")
	}
	docker, err := existing(c, name)
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
	work := open(nodes.Config{Name: name, Docker: docker, WaitTimeout: c.Duration("wait-timeout"), Checks: checksFor(name), CNIs: addons.CNIs(), Workloads: addons.Workloads, Sink: reports.follow(sink)})
	err = work.Run(c.Context)
	finish()
	verdict := work.Verdict()
	verdict.Cluster = provider.Context(name)
	if err := reports.finish(verdict, err); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s cluster %s, verified after %s: %s.\n", done(), name, report.Round(time.Since(started)), report.Summary(verdict))
	return nil
}
