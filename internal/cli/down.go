package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/gc"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/provider"
)

func downCommand() *cli.Command {
	return &cli.Command{
		Name: "down", Usage: "Remove clusters: containers, volumes, networks that kindctl made, and kubeconfig entries",
		UsageText: "kindctl down [-n NAME | --all] [--dry-run [-o json]]",
		Flags: []cli.Flag{
			nameFlag(), kubeconfigFlag(),
			&cli.BoolFlag{Name: "all", Usage: "every cluster that kindctl made on this host"},
			dryRunFlag(), planFormatFlag("--dry-run"),
		},
		Action: down,
	}
}

func down(c *cli.Context) error {
	if c.Bool("all") && slices.Contains(c.LocalFlagNames(), "name") {
		return hint.BadFlag.New("--all and --name exclude each other", "leave one of them out")
	}
	if err := onlyAnswer(c, []string{"dry-run"}); err != nil {
		return err
	}
	if err := provider.CheckKubeconfig(c.Context, c.String("kubeconfig")); err != nil {
		return err
	}
	docker, err := openDocker(c)
	if err != nil {
		return err
	}
	sink, finish := progressSink(c)
	defer finish()
	names, err := condemned(c, docker, sink)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return planDown(c, docker, names)
	}
	var failures []error
	for _, name := range names {
		there, err := docker.Inventory(c.Context, name)
		if err == nil {
			err = gc.Down(c.Context, connection(c), name, c.String("kubeconfig"), unlessMissing(sink, there))
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("remove cluster %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// unlessMissing says of the removal of nothing that there was nothing.
func unlessMissing(sink event.Sink, there provider.Inventory) event.Sink {
	return event.Func(func(e event.Event) {
		if e.Kind == event.Done && there.Empty() {
			e.Kind, e.Message = event.Skipped, "there is none"
		}
		sink.Emit(e)
	})
}

// condemned are the names of the clusters that the flags mean.
func condemned(c *cli.Context, docker *provider.Docker, sink event.Sink) (names []string, err error) {
	if c.IsSet("name") && !c.Bool("all") {
		return []string{c.String("name")}, nil
	}
	there, err := docker.Inventories(c.Context)
	if err != nil {
		return nil, err
	}
	for _, found := range there {
		_, made := found.Metadata()
		switch {
		case made && (c.Bool("all") || found.Cluster == defaultName):
			names = append(names, found.Cluster)
		case c.Bool("all"):
			sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "down",
				Message: fmt.Sprintf("cluster %s stays: kindctl did not make it; to remove it: kindctl down -n %s", found.Cluster, found.Cluster)})
		case found.Cluster == defaultName:
			// Somebody who uses kind too, and its default name, does not lose it.
			return nil, hint.ClusterForeign.New(fmt.Sprintf("kindctl did not make cluster %s", defaultName),
				"if it is to go, say its name: kindctl down -n "+defaultName)
		}
	}
	if !c.Bool("all") && len(names) == 0 {
		names = []string{defaultName} // of which a context may be left
	}
	return names, nil
}

// planDown says what would go.
func planDown(c *cli.Context, docker *provider.Docker, names []string) error {
	plans := []gc.Removal{}
	for _, name := range names {
		plan, err := gc.PlanRemoval(c.Context, docker, name, c.String("kubeconfig"))
		if err != nil {
			return err
		}
		plans = append(plans, plan)
	}
	if c.String("output") == "json" {
		return report.JSON(c.App.Writer, map[string]any{"dryRun": true, "clusters": plans})
	}
	for _, plan := range plans {
		printPlan(c.App.Writer, plan.Titles())
		if plan.Empty() {
			fmt.Fprintf(c.App.Writer, "There is no cluster %s; nothing would be removed.\n", plan.Cluster)
		}
	}
	if len(plans) == 0 {
		fmt.Fprintln(c.App.Writer, "There is no cluster that kindctl made; nothing would be removed.")
	}
	return nil
}
