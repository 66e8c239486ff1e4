package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/provider"
)

func downCommand() *cli.Command {
	return &cli.Command{
		Name: "down", Usage: "Remove clusters: containers, volumes and kubeconfig entries",
		UsageText: "kindctl down [-n NAME | --all]",
		Flags: []cli.Flag{
			nameFlag(), kubeconfigFlag(),
			&cli.BoolFlag{Name: "all", Usage: "every kind cluster on this host"},
		},
		Action: down,
	}
}

func down(c *cli.Context) error {
	if c.Bool("all") && slices.Contains(c.LocalFlagNames(), "name") {
		return hint.New(hint.Usage, "BAD_FLAG", "--all and --name exclude each other", "leave one of them out")
	}
	if err := provider.CheckKubeconfig(c.String("kubeconfig")); err != nil {
		return err
	}
	docker, err := host.Docker(c.Context)
	if err != nil {
		return err
	}
	docker.Close()
	sink, finish := progressSink(c)
	defer finish()
	kind := provider.New(sink)
	there, err := kind.List()
	if err != nil {
		return err
	}
	names := there
	if !c.Bool("all") {
		names = []string{c.String("name")}
	}
	var failures []error
	for _, name := range names {
		span := event.Start(sink, event.Event{Scope: event.Phase, ID: "down", Title: "Remove cluster " + name})
		if err := kind.Delete(c.Context, name, c.String("kubeconfig"), false); err != nil {
			span.Failed(err.Error(), "")
			failures = append(failures, fmt.Errorf("remove cluster %s: %w", name, err))
		} else if slices.Contains(there, name) {
			span.Done("")
		} else {
			span.Skipped("there is none")
		}
	}
	return errors.Join(failures...)
}
