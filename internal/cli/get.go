package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/provider"
)

func getCommand() *cli.Command {
	return &cli.Command{
		Name: "get", Usage: "Print clusters, nodes or a kubeconfig",
		Subcommands: []*cli.Command{
			{Name: "clusters", Usage: "List the clusters of this host", Flags: []cli.Flag{outputFlag("table", "json", "name")}, Action: getClusters},
			{Name: "nodes", Usage: "List a cluster's nodes", Flags: []cli.Flag{nameFlag(), outputFlag("table", "json", "name")}, Action: getNodes},
			{Name: "kubeconfig", Usage: "Print a cluster's kubeconfig", Action: getKubeconfig, Flags: []cli.Flag{nameFlag(),
				&cli.BoolFlag{Name: "internal", Usage: "with the address that works for containers on the clusters' network"}}},
		},
	}
}

// engine returns the way to the clusters, once Docker answers.
func engine(c *cli.Context) (*provider.Provider, error) {
	docker, err := host.Docker(c.Context)
	if err != nil {
		return nil, err
	}
	return provider.New(event.Discard), docker.Close()
}

// existing returns the way to the clusters, if there is one of that name.
func existing(c *cli.Context, name string) (*provider.Provider, error) {
	kind, err := engine(c)
	if err != nil {
		return nil, err
	}
	nodes, err := kind.Nodes(name)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		names, err := kind.List()
		if err != nil {
			return nil, err
		}
		return nil, hint.ClusterMissing.New(fmt.Sprintf("there is no cluster %q%s", name, hint.Nearest(name, names)), "list them: kindctl get clusters")
	}
	return kind, nil
}

func getNodes(c *cli.Context) error {
	kind, err := existing(c, c.String("name"))
	if err != nil {
		return err
	}
	nodes, err := kind.Nodes(c.String("name"))
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
	kind, err := existing(c, c.String("name"))
	if err != nil {
		return err
	}
	kubeconfig, err := kind.Kubeconfig(c.String("name"), c.Bool("internal"))
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, strings.TrimSpace(kubeconfig))
	return nil
}
