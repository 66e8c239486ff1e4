package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func getCommand() *cli.Command {
	return &cli.Command{
		Name: "get", Usage: "Print clusters, nodes or a kubeconfig",
		Subcommands: []*cli.Command{
			{Name: "clusters", Usage: "List the clusters of this host", Flags: []cli.Flag{outputFlag("table", "json", "name")}, Action: getClusters},
			{Name: "nodes", Usage: "List a cluster's nodes", Flags: []cli.Flag{nameFlag(), outputFlag("table", "json", "name")}, Action: getNodes},
			{Name: "kubeconfig", Usage: "Print a cluster's kubeconfig", Action: getKubeconfig, Flags: []cli.Flag{nameFlag(),
				&cli.BoolFlag{Name: "internal", Usage: "with the address that works for containers on the clusters' network", DisableDefaultText: true}}},
		},
	}
}

func getNodes(c *cli.Context) error {
	nodes, err := clientOf(c).Nodes(c.Context, c.String("name"))
	if err != nil {
		return err
	}
	switch c.String("output") {
	case "json":
		return report.JSON(c.App.Writer, nodes)
	case "name":
		for _, node := range nodes {
			fmt.Fprintln(c.App.Writer, node.Name)
		}
		return nil
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tADDRESS")
	for _, node := range nodes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", node.Name, node.Role, node.Address)
	}
	return table.Flush()
}

func getKubeconfig(c *cli.Context) error {
	kubeconfig, err := clientOf(c).Kubeconfig(c.Context, kindctl.KubeconfigOptions{Name: c.String("name"), Internal: c.Bool("internal")})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, strings.TrimSpace(string(kubeconfig)))
	return nil
}
