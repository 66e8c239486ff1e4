package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "Show a cluster's nodes and components, without running checks",
		Flags:  []cli.Flag{nameFlag(), contextFlag(), kubeconfigFlag(), outputFlag("table", "json")},
		Action: showStatus,
	}
}

func showStatus(c *cli.Context) error {
	status, err := clientOf(c).Status(c.Context, clusterOf(c))
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, status)
	}
	fmt.Fprintf(c.App.Writer, "%s: Kubernetes %s, CNI %s, kube-proxy mode %s\n", status.Cluster, status.Version, status.Expect.CNI,
		status.Expect.ProxyMode)
	if o := status.Origin; o != nil && o.SecondsLeft != nil {
		fmt.Fprintf(c.App.Writer,
			"time left: %s (until %s, then kindctl gc removes it)\n", timeLeft(*o), o.Expires.Local().Format(time.DateTime))
	}
	if b := status.Broken; b != nil {
		fmt.Fprintln(c.App.Writer, brokenLine(*b, c.String("name")))
	}
	if len(status.Stopped) > 0 {
		fmt.Fprintf(c.App.Writer, "stopped: %s; start them: kindctl start -n %s\n", strings.Join(status.Stopped, ", "), c.String("name"))
	}
	fmt.Fprintln(c.App.Writer)
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tREADY\tKUBELET\tRUNTIME\tADDRESS")
	for _, n := range status.Nodes {
		ready := n.Ready
		if n.Unschedulable {
			ready += ",SchedulingDisabled" // kubectl's words
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", n.Name, ready, n.Kubelet, n.Runtime, n.Address)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(table, "\nSYSTEM\tREADY")
	for _, w := range status.System {
		fmt.Fprintf(table, "%s\t%d/%d\n", w.Name, w.Ready, w.Want)
	}
	return table.Flush()
}

// brokenLine says that a cluster was broken on purpose.
func brokenLine(b kindctl.Broken, name string) string {
	switch {
	case b.Since.IsZero():
		return "broken: by a kindctl break that was interrupted; undo it: kindctl break heal -n " + name
	case !b.Green.IsZero():
		return fmt.Sprintf("broken: since %s by kindctl break, and healed at %s; end it: kindctl break heal -n %s",
			b.Since.Local().Format(time.DateTime), b.Green.Local().Format(time.DateTime), name)
	}
	return fmt.Sprintf("broken: since %s by kindctl break, with %s; undo it: kindctl break heal -n %s",
		b.Since.Local().Format(time.DateTime), quantity.Count(b.Incidents, "incident"), name)
}
