package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// newSnapshot is an argument that its user invents.
const newSnapshot = "NAME"

func snapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "snapshot", Usage: "Save a cluster, to bring it back with reset",
		Subcommands: []*cli.Command{
			{
				Name: "save", Usage: "Save a running cluster: API objects, data of pods, images, keys",
				UsageText:   "kindctl snapshot save NAME [-n CLUSTER] [--replace]",
				Description: "The nodes are paused for a second or two. Snapshots hold private keys of the cluster, and only you can read them.",
				ArgsUsage:   newSnapshot,
				Flags: []cli.Flag{
					nameFlag(),
					&cli.BoolFlag{Name: "replace", Usage: "replace a snapshot of that name", DisableDefaultText: true},
				},
				Action: saveSnapshot,
			},
			{
				Name: "ls", Usage: "List the snapshots of a cluster, or of all clusters",
				UsageText: "kindctl snapshot ls [-n CLUSTER] [-o json|name]",
				Flags:     []cli.Flag{nameFlag(), outputFlag("text", "json", "name")},
				Action:    listSnapshots,
			},
			{
				Name: "show", Usage: "Show details of a snapshot",
				UsageText: "kindctl snapshot show SNAPSHOT [-n CLUSTER] [-o json]",
				ArgsUsage: "SNAPSHOT",
				Flags:     []cli.Flag{nameFlag(), outputFlag("text", "json")},
				Action:    showSnapshot,
			},
			{
				Name: "rm", Usage: "Remove snapshots",
				UsageText: "kindctl snapshot rm SNAPSHOT... [-n CLUSTER]",
				ArgsUsage: "SNAPSHOT...",
				Flags:     []cli.Flag{nameFlag()},
				Action:    removeSnapshots,
			},
			pruneSnapshotsCommand(), exportSnapshotCommand(), importSnapshotCommand(), pushSnapshotCommand(), pullSnapshotCommand(),
		},
	}
}

// snapshotNames are the arguments of a command that takes names of snapshots; none of them
// means that help was printed.
func snapshotNames(c *cli.Context, several bool) ([]string, error) {
	names, err := argumentsOf(c)
	switch {
	case err != nil:
		return nil, err
	case c.Bool("help"):
		return nil, cli.ShowSubcommandHelp(c)
	case len(names) == 0:
		return nil, hint.SnapshotName.New("the name of a snapshot is missing", "give one: "+c.Command.UsageText)
	case len(names) > 1 && !several:
		return nil, hint.UnexpectedArgument.New(fmt.Sprintf("%s takes one name, not %d", commandOf(c), len(names)),
			"see: "+c.Command.UsageText)
	}
	return names, nil
}

func saveSnapshot(c *cli.Context) error {
	names, err := snapshotNames(c, false)
	if len(names) == 0 {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	saved, err := clientFor(c, sink).SaveSnapshot(c.Context, kindctl.SaveSnapshotOptions{Cluster: c.String("name"), Name: names[0],
		Replace: c.Bool("replace")})
	finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Saved cluster %s as %s (%s). Bring it back: kindctl reset -n %[1]s --to %[2]s\n", saved.Cluster, saved.Name,
		quantity.Megabytes(saved.Size()))
	return nil
}

func listSnapshots(c *cli.Context) error {
	cluster := ""
	if c.IsSet("name") {
		cluster = c.String("name")
	}
	found, err := clientOf(c).Snapshots(cluster)
	switch {
	case c.String("output") == "json":
		return errors.Join(report.JSON(c.App.Writer, append([]kindctl.Snapshot{}, found...)), err)
	case c.String("output") == "name":
		for _, one := range found {
			fmt.Fprintln(c.App.Writer, one.Name)
		}
	case len(found) > 0:
		return errors.Join(tableOfSnapshots(c.App.Writer, found, time.Now()), err)
	case err == nil && !isOn(c, "quiet"):
		fmt.Fprintln(c.App.ErrWriter, "there are no snapshots; take one: kindctl snapshot save NAME")
	}
	return err
}

func tableOfSnapshots(out io.Writer, found []kindctl.Snapshot, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tNAME\tAGE\tSIZE\tNODES\tKUBERNETES\tCNI")
	for _, one := range found {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", one.Cluster, one.Name, duration.HumanDuration(now.Sub(one.Created)),
			quantity.Megabytes(one.Size()), len(one.Nodes), one.Kubernetes, one.CNI)
	}
	return table.Flush()
}

func showSnapshot(c *cli.Context) error {
	names, err := snapshotNames(c, false)
	if len(names) == 0 {
		return err
	}
	found, err := clientOf(c).Snapshot(c.String("name"), names[0])
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, found)
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"cluster", found.Cluster}, {"name", found.Name}, {"created", found.Created.Local().Format(time.DateTime)},
		{"size", quantity.Megabytes(found.Size())}, {"directory", found.Dir},
		{"kindctl", found.Kindctl}, {"Kubernetes", found.Kubernetes}, {"CNI", found.CNI},
		{"machine", fmt.Sprintf("%s, Linux %s, cgroup v%s", found.Machine.Architecture, found.Machine.Kernel, found.Machine.Cgroup)},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	for _, node := range found.Nodes {
		fmt.Fprintf(table, "node\t%s (%s, %s)\n", node.Name, node.Role, quantity.Megabytes(node.Files.Size+node.Volume.Size))
	}
	return table.Flush()
}

func removeSnapshots(c *cli.Context) error {
	names, err := snapshotNames(c, true)
	if len(names) == 0 {
		return err
	}
	var failures []error
	for _, name := range names {
		failures = append(failures, clientOf(c).RemoveSnapshot(c.Context, c.String("name"), name))
	}
	return errors.Join(failures...)
}
