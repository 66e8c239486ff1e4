package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "Prove that every component of a cluster works",
		UsageText: `kindctl verify [-n NAME | --context CONTEXT] [--only ID|GROUP] [--skip ID|GROUP] [--quick] [-o table|json]
kindctl verify --list [--cni CNI]         list the checks; contacts no cluster
kindctl verify --print-rbac [--cni CNI]   print minimal RBAC roles; contacts no cluster

Examples:
  kindctl verify -n lab                             everything
  kindctl verify --context staging --quick          any cluster, without the slow checks
  kindctl verify --only dns,etcd --show-evidence    some of it, and what was seen
  kindctl verify --print-rbac --cni cilium | kubectl apply -f -`,
		Description: "Exits with 0 when every check passed or only warned, 5 when one failed, 1 when one was inconclusive, 6 when the API server did not answer in time.",
		Flags: []cli.Flag{
			nameFlag(), contextFlag(), kubeconfigFlag(), outputFlag("table", "json"),
			&cli.StringSliceFlag{Name: "only",
				Usage: "run only these: `ID|GROUP`, comma-separated or repeated; their prerequisites are not added"},
			&cli.StringSliceFlag{Name: "skip", Usage: "skip these: `ID|GROUP`, comma-separated or repeated"},
			&cli.BoolFlag{Name: "quick", Usage: "skip the slow checks, which wait for something to change", DisableDefaultText: true},
			&cli.BoolFlag{Name: "show-evidence", Usage: "show what each check saw (JSON always does)", DisableDefaultText: true},
			&cli.StringFlag{Name: "cni", Usage: "require this `CNI`; with --list or --print-rbac, select its checks: " + strings.Join(addons.Names(), ", ") + ", " + addons.None},
			reportFlag(),
			&cli.BoolFlag{Name: "list", Usage: "list the checks, of all CNIs unless --cni names one", DisableDefaultText: true},
			&cli.BoolFlag{Name: "print-rbac", Usage: "print the roles that the checks need as YAML, without a CNI's unless --cni names one",
				DisableDefaultText: true},
		},
		Action: verifyAction,
	}
}

func contextFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "context", EnvVars: []string{"KINDCTL_CONTEXT"},
		Usage: "any cluster, by a `CONTEXT` of the kubeconfig"}
}

func verifyAction(c *cli.Context) error {
	if err := validateFlags(c); err != nil {
		return err
	}
	selection, err := selectionOf(c)
	if err != nil {
		return err
	}
	switch {
	case c.Bool("list"):
		return listChecks(c, selection)
	case c.Bool("print-rbac"):
		return printRoles(c, selection)
	}
	return verifyCluster(c, selection)
}

func verifyCluster(c *cli.Context, selection verify.Selection) error {
	reports, err := openReports(c, "verify")
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	if c.String("output") == "table" {
		sink = withoutFailures(sink)
	}
	verdict, err := clientFor(c, reports.follow(sink)).Verify(c.Context, kindctl.VerifyOptions{Cluster: clusterOf(c), Selection: selection,
		CNI: c.String("cni")})
	finish()
	if verdict.Started.IsZero() { // it did not come to checks
		return reports.finish(verdict, err)
	}
	if c.String("output") == "json" {
		if failure := report.Verdict(c.App.Writer, verdict); failure != nil {
			err = failure
		}
	} else {
		report.Table(c.App.Writer, verdict, report.TableOptions{Style: style(c.App.Writer, isOn(c, "no-color")),
			Evidence: c.Bool("show-evidence")})
	}
	return reports.finish(verdict, err)
}

// withoutFailures leaves failed checks to the table that follows.
func withoutFailures(sink event.Sink) event.Sink {
	return event.Func(func(e event.Event) {
		if e.Scope == event.Check && e.Kind == event.Failed {
			e.Kind = event.Done
		}
		sink.Emit(e)
	})
}
