package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/kindctl"
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
	return &cli.BoolFlag{Name: "no-switch-context", EnvVars: []string{"KINDCTL_NO_SWITCH_CONTEXT"},
		Usage: "leave the kubeconfig's current context as it is", DisableDefaultText: true}
}

func mergeKubeconfig(c *cli.Context) error {
	options := kindctl.MergeKubeconfigOptions{Name: c.String("name"), Kubeconfig: c.String("kubeconfig"),
		KeepContext: c.Bool("no-switch-context")}
	file, err := clientOf(c).MergeKubeconfig(c.Context, options)
	if err != nil {
		return err
	}
	current := ", the current one now"
	if options.KeepContext {
		current = ""
	}
	fmt.Fprintf(c.App.Writer, "%s has context %s%s.\n", file, kindctl.Context(options.Name), current)
	return nil
}
