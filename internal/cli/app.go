package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Main runs the command line and returns the exit code of the process.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := newApp(stdout, stderr)
	err := app.RunContext(ctx, args)
	if err == nil {
		return int(hint.OK)
	}
	if ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		err = errors.Join(context.Canceled, err)
	}
	report.Failure(stderr, err, style(stderr, noColor(args)))
	return int(hint.CodeOf(err))
}

func newApp(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:                   "kindctl",
		Usage:                  "a real Kubernetes cluster on one machine, and proof that it works",
		Version:                currentVersion(),
		HideVersion:            true,
		Suggest:                true,
		UseShortOptionHandling: true,
		EnableBashCompletion:   true,
		Writer:                 stdout,
		ErrWriter:              stderr,
		ExitErrHandler:         func(*cli.Context, error) {}, // Main prints and chooses the exit code
		OnUsageError:           usageError,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, EnvVars: []string{"KINDCTL_QUIET"}, Usage: "no progress, only results and errors"},
			&cli.BoolFlag{Name: "no-color", EnvVars: []string{"KINDCTL_NO_COLOR"}, Usage: "no colours (NO_COLOR does the same)"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return unknownCommand(c, c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: withUsageErrors([]*cli.Command{
			upCommand(), downCommand(), verifyCommand(), statusCommand(), getCommand(), imagesCommand(), versionCommand(),
		}),
	}
}

// withUsageErrors gives every command, however deep, the same treatment of
// wrong flags and wrong subcommands.
func withUsageErrors(commands []*cli.Command) []*cli.Command {
	for _, command := range commands {
		command.OnUsageError = usageError
		if len(command.Subcommands) > 0 {
			command.Action = func(c *cli.Context) error {
				if c.Args().Present() {
					return unknownCommand(c, c.Args().First())
				}
				return cli.ShowSubcommandHelp(c)
			}
			withUsageErrors(command.Subcommands)
		} else {
			command.Before = noArguments
		}
	}
	return commands
}

// noArguments refuses words that are not flags; no command takes any.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return hint.New(hint.Usage, "UNEXPECTED_ARGUMENT", fmt.Sprintf("%s takes no argument %q", c.Command.FullName(), c.Args().First()),
			fmt.Sprintf(`flags begin with "--"; see "kindctl %s --help"`, c.Command.FullName()))
	}
	return nil
}

func unknownCommand(c *cli.Context, word string) error {
	known := c.Command.Subcommands
	if len(known) == 0 {
		known = c.App.Commands
	}
	var names []string
	for _, command := range known {
		names = append(names, command.Name)
	}
	return hint.New(hint.Usage, "UNKNOWN_COMMAND", fmt.Sprintf("there is no command %q%s", word, hint.Nearest(word, names)), `list them: kindctl --help`)
}

func usageError(c *cli.Context, err error, _ bool) error {
	message := err.Error()
	if word, found := strings.CutPrefix(message, "flag provided but not defined: -"); found {
		var names []string
		for _, flag := range c.Command.Flags {
			names = append(names, "--"+flag.Names()[0])
		}
		word = "--" + strings.TrimLeft(word, "-")
		message = fmt.Sprintf("there is no flag %q%s", word, hint.Nearest(word, names))
	}
	return hint.New(hint.Usage, "BAD_FLAG", message, fmt.Sprintf(`see "kindctl %s --help"`, c.Command.FullName()))
}

func noColor(args []string) bool {
	for _, arg := range args {
		if arg == "--no-color" {
			return true
		}
	}
	return os.Getenv("KINDCTL_NO_COLOR") != ""
}
