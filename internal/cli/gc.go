package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func gcCommand() *cli.Command {
	return &cli.Command{
		Name: "gc", Usage: "Remove expired clusters and leftovers of killed kindctl runs",
		UsageText: "kindctl gc [--dry-run] [-o text|json]",
		Description: "A cluster expires when its --ttl has passed, no matter which user created it in this Docker engine. " +
			"Leftovers of a killed up or run are found by a record in this user's cache: containers, volumes, networks that kindctl created, kubeconfig entries and locks, temporary directories. " +
			"A cluster whose snapshot save or reset was killed stays: its nodes are resumed, and what the command has left in them is removed, as are unfinished snapshots. " +
			"Nothing else is touched: neither clusters without a lifetime, nor those of other tools, nor those in use by another kindctl. Exits with 0 when there is nothing to remove.",
		Flags:  []cli.Flag{dryRunFlag(), outputFlag("text", "json")},
		Action: collectGarbage,
	}
}

func collectGarbage(c *cli.Context) error {
	dry := c.Bool("dry-run")
	sink, finish := progressSink(c)
	defer finish()
	sweep, err := clientFor(c, sink).GC(c.Context, kindctl.GCOptions{DryRun: dry})
	finish()
	if sweep == nil {
		return err
	}
	if c.String("output") == "json" {
		if failure := report.JSON(c.App.Writer, swept{DryRun: dry, Sweep: sweep}); failure != nil && err == nil {
			return failure
		}
		return err
	}
	printSweep(c.App.Writer, sweep, dry)
	return err
}

// swept is a Sweep for machines.
type swept struct {
	// DryRun says that nothing was removed.
	DryRun bool `json:"dryRun"`
	*kindctl.Sweep
}

// printSweep says what was removed, or would be, and why.
func printSweep(out io.Writer, s *kindctl.Sweep, dry bool) {
	removed := "Removed"
	if dry {
		removed = "Would remove"
	}
	for _, cluster := range s.Clusters {
		fmt.Fprintf(out, "%s cluster %s, because %s\n", removed, cluster.Cluster, cluster.Reason)
		for _, title := range cluster.Titles() {
			fmt.Fprintln(out, "  "+strings.TrimPrefix(title, "remove "))
		}
	}
	repaired := "Repaired"
	if dry {
		repaired = "Would repair"
	}
	for _, one := range s.Repairs {
		fmt.Fprintf(out, "%s cluster %s, because %s\n", repaired, one.Cluster, one.Reason)
		for _, title := range one.Titles() {
			fmt.Fprintln(out, "  "+title)
		}
	}
	for _, path := range s.Drafts {
		fmt.Fprintf(out, "%s unfinished snapshot %s, because its kindctl was killed\n", removed, path)
	}
	for _, path := range s.Locks {
		fmt.Fprintf(out, "%s lock %s of a kubeconfig, because its kindctl was killed\n", removed, path)
	}
	for _, path := range s.Temporary {
		fmt.Fprintf(out, "%s directory %s, because its kindctl was killed\n", removed, path)
	}
	for _, left := range s.Left {
		fmt.Fprintf(out, "Cluster %s stays: %s\n", left.Cluster, left.Reason)
	}
	if s.Empty() && len(s.Left) == 0 {
		fmt.Fprintln(out, "There is nothing to remove.")
	}
}
