package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "Export logs and diagnostics",
		Subcommands: []*cli.Command{{
			Name: "logs", Usage: "Collect a verification, logs, events, the CNI's state and facts about the host",
			UsageText: `kindctl export logs [-n NAME] [DIR | --tar FILE.tar.gz]

Examples:
  kindctl export logs                        into kindctl-logs-NAME
  kindctl export logs -n lab --tar lab.tar.gz`,
			Description: "What cannot be collected is reported, also in problems.txt, and does not prevent the rest: without an API server you get the nodes' journals and pod logs, of a stopped cluster the output of its containers. " +
				"Secrets are not read, and what looks like a credential is redacted; the logs of your pods are included.",
			ArgsUsage: "[DIR]",
			Flags: []cli.Flag{nameFlag(),
				&cli.StringFlag{Name: "tar", TakesFile: true, Usage: "one compressed `FILE` instead of a directory"}},
			Action: exportLogs,
		}},
	}
}

func exportLogs(c *cli.Context) error {
	words, err := argumentsOf(c)
	if err != nil {
		return err
	}
	archive := c.String("tar")
	switch {
	case c.Bool("help"):
		return cli.ShowSubcommandHelp(c)
	case len(words) > 1:
		return hint.UnexpectedArgument.New("there is one directory to write into, not "+fmt.Sprint(len(words)), "leave the others out")
	case len(words) == 1 && archive != "":
		return hint.BadFlag.New("DIR and --tar exclude each other", "leave one of them out")
	}
	options := kindctl.ExportLogsOptions{Name: c.String("name"), Archive: archive}
	if len(words) == 1 {
		options.Dir = words[0]
	}
	sink, finish := progressSink(c)
	defer finish()
	path, err := clientFor(c, sink).ExportLogs(c.Context, options)
	finish()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, path)
	return nil
}
