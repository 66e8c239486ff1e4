package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "Prove that every component of a cluster works",
		UsageText: `kindctl verify [-n NAME | --context CONTEXT] [-o table|json]

Exits with 0 when every check passed, 5 when one failed, 1 when the truth could not be seen.`,
		Flags: []cli.Flag{
			nameFlag(),
			&cli.StringFlag{Name: "context", EnvVars: []string{"KINDCTL_CONTEXT"}, Usage: "any cluster: a `CONTEXT` of the kubeconfig"},
			kubeconfigFlag(), outputFlag("table", "json"),
		},
		Action: verifyCluster,
	}
}

func verifyCluster(c *cli.Context) error {
	client, name, err := openCluster(c)
	if err != nil {
		return err
	}
	expect, err := verify.Discover(c.Context, client)
	if err != nil {
		return hint.Wrap(err, hint.Internal, "API_UNREACHABLE", fmt.Sprintf("the API server of %s does not answer as it should", name), "look at it: kubectl --context "+name+" cluster-info")
	}
	checks := append(verify.Core(), addons.Checks(expect.CNI)...)
	sink, finish := progressSink(c)
	defer finish()
	if c.String("output") == "table" {
		sink = withoutFailures(sink)
	}
	span := event.Start(sink, event.Event{Scope: event.Phase, ID: "verify", Title: "Verify " + name, Estimate: verifyEstimate})
	verdict, err := bootstrap.Judge(c.Context, verify.NewTarget(client, expect), checks, sink)
	if err == nil {
		span.Done("")
	} else {
		span.Failed("", "")
	}
	finish()
	verdict.Cluster = name
	if c.String("output") == "json" {
		if err := report.JSON(c.App.Writer, verdict); err != nil {
			return err
		}
	} else {
		report.Table(c.App.Writer, verdict, style(c.App.Writer, isOn(c, "no-color")))
	}
	return err
}

// verifyEstimate is how long a verification takes on two cores.
const verifyEstimate = 15 * time.Second

// withoutFailures leaves the story of failed checks to the table that follows.
func withoutFailures(sink event.Sink) event.Sink {
	return event.Func(func(e event.Event) {
		if e.Scope == event.Check && e.Kind == event.Failed {
			e.Kind = event.Done
		}
		sink.Emit(e)
	})
}

// openCluster reaches the cluster that the flags name: by its context, or a
// kind cluster by its name.
func openCluster(c *cli.Context) (client *kube.Client, name string, err error) {
	if context := c.String("context"); context != "" {
		client, err = kube.FromKubeconfig(c.String("kubeconfig"), context)
		return client, context, err
	}
	name = c.String("name")
	kind, err := existing(c, name)
	if err != nil {
		return nil, "", err
	}
	kubeconfig, err := kind.Kubeconfig(name, false)
	if err != nil {
		return nil, "", hint.Wrap(err, hint.Creation, "CLUSTER_BROKEN", fmt.Sprintf("cluster %s has no kubeconfig", name), "remove it: kindctl down -n "+name)
	}
	client, err = kube.FromKubeconfigData([]byte(kubeconfig))
	return client, provider.Context(name), err
}
