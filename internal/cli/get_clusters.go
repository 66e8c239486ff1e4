package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func getClusters(c *cli.Context) error {
	found, err := clientOf(c).Clusters(c.Context)
	if err != nil {
		return err
	}
	switch {
	case c.String("output") == "json":
		return report.JSON(c.App.Writer, found)
	case len(found) == 0 && !isOn(c, "quiet"):
		fmt.Fprintln(c.App.ErrWriter, "there are no clusters; make one: kindctl up")
	case c.String("output") == "name":
		for _, cluster := range found {
			fmt.Fprintln(c.App.Writer, cluster.Name)
		}
	case len(found) > 0:
		return tableOfClusters(c.App.Writer, found, time.Now())
	}
	return nil
}

func tableOfClusters(out io.Writer, found []kindctl.Cluster, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tRUNNING\tMADE BY\tAGE\tTIME LEFT")
	for _, cluster := range found {
		by, age := "kind", "-"
		switch {
		case cluster.Owner != "":
			by = cluster.Owner
		case cluster.Kindctl:
			by = "kindctl"
		}
		if !cluster.Created.IsZero() {
			age = duration.HumanDuration(now.Sub(cluster.Created))
		}
		running := fmt.Sprintf("%d/%d", cluster.Running, cluster.Nodes)
		if cluster.Pooled {
			running += " (pool)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", cluster.Name, running, by, age, timeLeft(cluster.Origin))
	}
	return table.Flush()
}

// timeLeft is how long a cluster has, for people.
func timeLeft(o kindctl.Origin) string {
	switch {
	case o.SecondsLeft == nil:
		return "-"
	case *o.SecondsLeft <= 0:
		return "expired"
	}
	return duration.HumanDuration(time.Duration(*o.SecondsLeft) * time.Second)
}
