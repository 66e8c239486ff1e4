package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/lifecycle"
	"github.com/kindctl/kindctl/pkg/provider"
)

func kubeconfigCommand() *cli.Command {
	return &cli.Command{
		Name: "kubeconfig", Usage: "Manage your kubeconfig",
		Subcommands: []*cli.Command{{
			Name: "merge", Usage: "Add or restore a cluster's context in your kubeconfig",
			UsageText: "kindctl kubeconfig merge [-n NAME] [--kubeconfig FILE] [--no-switch-context]",
			Description: "Address and credentials come from the cluster, so neither the configuration file nor the flags of up are needed. Other entries are kept. " +
				"To print the kubeconfig instead: kindctl get kubeconfig.",
			Flags:  []cli.Flag{nameFlag(), kubeconfigFlag(), noSwitchFlag()},
			Action: mergeKubeconfig,
		}},
	}
}

func noSwitchFlag() *cli.BoolFlag {
	return &cli.BoolFlag{Name: "no-switch-context", EnvVars: []string{"KINDCTL_NO_SWITCH_CONTEXT"}, Usage: "leave the kubeconfig's current context as it is", DisableDefaultText: true}
}

func mergeKubeconfig(c *cli.Context) error {
	name := c.String("name")
	docker, err := existing(c, name)
	if err != nil {
		return err
	}
	cluster := docker.Cluster(name)
	if err := lifecycle.EnsureRunning(c.Context, cluster); err != nil {
		return err
	}
	keep := c.Bool("no-switch-context")
	file, err := lifecycle.MergeKubeconfig(c.Context, cluster, c.String("kubeconfig"), keep)
	if err != nil {
		return err
	}
	current := ", the current one now"
	if keep {
		current = ""
	}
	fmt.Fprintf(c.App.Writer, "%s has context %s%s.\n", file, provider.Context(name), current)
	return nil
}
