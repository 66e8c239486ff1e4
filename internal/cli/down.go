package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

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
			&cli.BoolFlag{Name: "all", Usage: "every cluster that kindctl made on this host"},
		},
		Action: down,
	}
}

func down(c *cli.Context) error {
	if c.Bool("all") && slices.Contains(c.LocalFlagNames(), "name") {
		return hint.New(hint.Usage, "BAD_FLAG", "--all and --name exclude each other", "leave one of them out")
	}
	if err := provider.CheckKubeconfig(c.Context, c.String("kubeconfig")); err != nil {
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
	names := []string{c.String("name")}
	switch {
	case c.Bool("all"):
		if names, err = ours(kind, there, sink); err != nil {
			return err
		}
	case !c.IsSet("name") && slices.Contains(there, defaultName):
		if err := certainlyOurs(kind, defaultName); err != nil {
			return err
		}
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

// certainlyOurs keeps the cluster of somebody who uses kind too, and its
// default name, from being removed by a bare "kindctl down".
func certainlyOurs(kind *provider.Provider, name string) error {
	made, err := kind.Ours(name)
	if err != nil || made {
		return err
	}
	return hint.New(hint.Usage, "CLUSTER_FOREIGN", fmt.Sprintf("kindctl did not make cluster %s, or not to its end, or it is stopped", name),
		"if it is to go, say its name: kindctl down -n "+name)
}

// ours leaves out the clusters that others made with kind.
func ours(kind *provider.Provider, there []string, sink event.Sink) (names []string, err error) {
	for _, name := range there {
		made, err := kind.Ours(name)
		if err != nil {
			return nil, err
		}
		if made {
			names = append(names, name)
			continue
		}
		sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "down",
			Message: fmt.Sprintf("cluster %s stays: kindctl did not make it, or it is stopped; to remove it: kindctl down -n %s", name, name)})
	}
	return names, nil
}
