package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func pruneSnapshotsCommand() *cli.Command {
	return &cli.Command{
		Name: "prune", Usage: "Remove snapshots that are old or fit no cluster",
		UsageText: `kindctl snapshot prune [-n CLUSTER] [--unused] [--older-than DURATION] [--keep NUMBER] [--dry-run]

Examples:
  kindctl snapshot prune --unused                        those to which no cluster can be reset
  kindctl snapshot prune --older-than 168h               those that are older than a week
  kindctl snapshot prune -n lab --keep 3                 all but the three newest of a cluster
  kindctl snapshot prune --unused --older-than 168h      those to which both apply`,
		Description: "Removes the snapshots to which all of the flags apply, and prints them. At least one flag is needed. Snapshots taken in another Docker engine never count as unused.",
		Flags: []cli.Flag{
			nameFlag(),
			&cli.BoolFlag{Name: "unused", Usage: "snapshots whose cluster no longer exists in the selected Docker engine, or was recreated", DisableDefaultText: true},
			&cli.DurationFlag{Name: "older-than", Usage: "those that are older than a `DURATION`", DefaultText: "any age"},
			&cli.IntFlag{Name: "keep", Usage: "keep the `NUMBER` newest snapshots of each cluster", DefaultText: "none stays"},
			dryRunFlag(),
		},
		Action: pruneSnapshots,
	}
}

func pruneSnapshots(c *cli.Context) error {
	o := kindctl.PruneSnapshotsOptions{
		Unused: c.Bool("unused"), OlderThan: c.Duration("older-than"), Keep: c.Int("keep"), DryRun: c.Bool("dry-run"),
	}
	switch {
	case !o.Unused && !c.IsSet("older-than") && !c.IsSet("keep"):
		return hint.BadFlag.New("no filter given", "add --unused, --older-than or --keep; to remove one: kindctl snapshot rm SNAPSHOT")
	case c.IsSet("older-than") && o.OlderThan <= 0:
		return hint.BadFlag.New("--older-than must be positive", "write it as 168h or 90m")
	case c.IsSet("keep") && o.Keep <= 0:
		return hint.BadFlag.New("--keep must be positive", "to remove one: kindctl snapshot rm SNAPSHOT")
	}
	if c.IsSet("name") {
		o.Cluster = c.String("name")
	}
	removed, err := clientOf(c).PruneSnapshots(c.Context, o)
	word := "Removed"
	if o.DryRun {
		word = "Would remove"
	}
	for _, one := range removed {
		fmt.Fprintf(c.App.Writer, "%s snapshot %s of cluster %s (%s)\n", word, one.Name, one.Cluster, quantity.Megabytes(one.Size()))
	}
	if err == nil && len(removed) == 0 {
		fmt.Fprintln(c.App.Writer, "There is nothing to remove.")
	}
	return err
}
