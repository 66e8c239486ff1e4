package cli

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "Check whether this host can run a cluster, and suggest fixes",
		UsageText: `kindctl doctor [--cni CNI] [--proxy-mode MODE] [--fix] [-o table|json]

Examples:
  kindctl doctor                         the default cluster, and what every CNI and proxy mode needs
  kindctl doctor --proxy-mode ipvs       what kindctl up would say to the same flags
  sudo kindctl doctor --fix              raise kernel limits that are too low`,
		Description: "kindctl up stops at fatal findings and repeats the warnings. The exit code is 3 when a finding is fatal or could not be fixed. " +
			"--fix raises limits and changes nothing else.",
		Flags: append(topologyFlags(), kubeconfigFlag(), ignorePreflightFlag(), outputFlag("table", "json"),
			&cli.BoolFlag{Name: "fix", Usage: "apply the safe fixes: raise kernel limits until the next reboot", DisableDefaultText: true}),
		Action: doctor,
	}
}

func doctor(c *cli.Context) error {
	topology, err := doctorTopology(c)
	if err != nil {
		return err
	}
	found, err := clientOf(c).Doctor(c.Context, kindctl.DoctorOptions{
		Topology: topology, Everything: !c.IsSet("cni") && !c.IsSet("proxy-mode") && !c.IsSet("config"),
		Kubeconfig: c.String("kubeconfig"), IgnorePreflightErrors: c.StringSlice(ignoreFlag), Fix: c.Bool("fix"),
	})
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		if err := report.JSON(c.App.Writer, found); err != nil {
			return err
		}
	} else {
		printHostReport(c.App.Writer, found, c.Bool("fix"))
	}
	return found.Err()
}

// doctorTopology is the cluster that up would make with the same flags.
func doctorTopology(c *cli.Context) (clusters.Topology, error) {
	topology, err := topologyOf(c)
	if err != nil {
		return topology, err
	}
	_, err = topology.Validate()
	return topology, err
}

var marks = map[host.State]string{host.OK: "✓", host.Warning: "!", host.Fatal: "✗", host.Unobserved: "?"}

// printHostReport writes the findings for people, and what --fix did.
func printHostReport(out io.Writer, found kindctl.HostReport, fixing bool) {
	for _, r := range found.Repairs {
		if r.Done != "" {
			fmt.Fprintf(out, "fixed %s: %s\n", r.ID, r.Done)
		} else {
			fmt.Fprintf(out, "not fixed %s: %s\n", r.ID, r.Error)
		}
	}
	if fixing && len(found.Repairs) == 0 {
		fmt.Fprintln(out, "nothing here has a fix that --fix applies")
	}
	width := 0
	for _, finding := range found.Findings {
		width = max(width, len(finding.ID))
	}
	for _, f := range found.Findings {
		fmt.Fprintf(out, "%s %-*s  %s\n", marks[f.State], width, f.ID, f.Observed)
		if f.Effect != "" {
			fmt.Fprintf(out, "  %*s    effect: %s\n", width, "", f.Effect)
		}
		if f.Fix != "" {
			fmt.Fprintf(out, "  %*s    fix: %s\n", width, "", f.Fix)
		}
	}
	verdict := "can be made here"
	if !found.Fit {
		verdict = "cannot be made here"
	}
	fmt.Fprintf(out, "\n%d ok, %s, %d fatal, %d unknown: a cluster with %s %s.\n", found.Count(host.OK), quantity.Count(found.Count(host.Warning), "warning"),
		found.Count(host.Fatal), found.Count(host.Unobserved), found.Cluster, verdict)
}
