package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/kindctl"
)

func pushSnapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "push", Usage: "Write a snapshot to a registry, as an OCI artifact",
		UsageText: `kindctl snapshot push SNAPSHOT REFERENCE [-n CLUSTER]

Examples:
  kindctl snapshot push seeded registry.example/team/lab:seeded -n lab`,
		Description: "It holds the cluster's private keys and Secrets: anyone who can read the repository can control the cluster and those that are made from it. Uses the credentials of docker login.",
		ArgsUsage:   "SNAPSHOT REFERENCE",
		Flags:       []cli.Flag{nameFlag()},
		Action:      pushSnapshot,
	}
}

func pullSnapshotCommand() *cli.Command {
	return &cli.Command{
		Name: "pull", Usage: "Read a snapshot from a registry",
		UsageText:   "kindctl snapshot pull REFERENCE [--name NAME] [--replace]",
		Description: "What was changed or is not a snapshot is rejected, and nothing is imported. " + trustNote,
		ArgsUsage:   newReference,
		Flags:       importFlags(),
		Action:      pullSnapshot,
	}
}

// newReference is an argument that completion knows nothing of.
const newReference = "REFERENCE"

func pushSnapshot(c *cli.Context) error {
	words, err := exactArguments(c)
	if len(words) == 0 {
		return err
	}
	warn(lineSink(c), []string{"the snapshot holds the cluster's private keys and Secrets; anyone who can read " + words[1] + " has them"})
	if err := clientOf(c).PushSnapshot(c.Context, c.String("name"), words[0], words[1]); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Pushed snapshot %s of cluster %s to %s.\n", words[0], c.String("name"), words[1])
	return nil
}

func pullSnapshot(c *cli.Context) error {
	words, err := exactArguments(c)
	if len(words) == 0 {
		return err
	}
	options := kindctl.ImportSnapshotOptions{Name: c.String("name"), Replace: c.Bool("replace")}
	one, err := clientOf(c).PullSnapshot(c.Context, words[0], options)
	return imported(c, one, err)
}
