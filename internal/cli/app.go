package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Main runs the command line and returns the exit code of the process.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	forgetEmptyVariables()
	app := newApp(stdout, stderr)
	err := app.RunContext(ctx, args)
	if err == nil {
		return int(hint.OK)
	}
	if helpless := cli.ExitCoder(nil); errors.As(err, &helpless) { // only the library's own help command makes these
		err = hint.UnknownCommand.New(err.Error(), "list them: kindctl --help")
	}
	if ctx.Err() != nil && !errors.Is(err, context.Canceled) && hint.ReasonOf(err) != hint.CommandFailed.Name {
		err = errors.Join(context.Canceled, err)
	}
	console.Failure(stderr, err, style(stderr, noColor(args)))
	return int(hint.CodeOf(err))
}

// forgetEmptyVariables makes an empty variable, as CI systems like to set them,
// the same as none.
func forgetEmptyVariables() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" && (strings.HasPrefix(name, "KINDCTL_") || name == "KIND_CLUSTER_NAME") {
			_ = os.Unsetenv(name)
		}
	}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	return withClient(&cli.App{
		Name:                   "kindctl",
		Usage:                  "a real Kubernetes cluster on one machine, verified",
		Version:                currentVersion(),
		HideVersion:            true,
		Suggest:                true,
		UseShortOptionHandling: true,
		Writer:                 stdout,
		ErrWriter:              stderr,
		ExitErrHandler:         func(*cli.Context, error) {}, // Main prints and chooses the exit code
		OnUsageError:           usageError,
		Flags:                  append(displayFlags(), &cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return unknownCommand(c, c.Args().First())
			case c.Bool("version"):
				return printVersion(c)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: withUsageErrors([]*cli.Command{
			upCommand(), runCommand(), downCommand(), gcCommand(), exportCommand(),
			startCommand(), stopCommand(), snapshotCommand(), resetCommand(), poolCommand(), labCommand(),
			nodeCommand(), scaleCommand(), loadCommand(),
			verifyCommand(), acceptCommand(), breakCommand(), statusCommand(), getCommand(), kubeconfigCommand(), imagesCommand(),
			doctorCommand(), configCommand(), completionCommand(), completeCommand(), versionCommand(),
		}),
	})
}

// acts reports whether a command does something itself. One with subcommands that does has
// flags for it.
func acts(command *cli.Command) bool { return len(command.Subcommands) == 0 || len(command.Flags) > 0 }

// withUsageErrors gives every command, however deep, the same treatment of
// wrong flags and wrong subcommands.
func withUsageErrors(commands []*cli.Command) []*cli.Command {
	for _, command := range commands {
		command.OnUsageError = usageError
		if len(command.Subcommands) > 0 {
			command.Action = orHelp(command)
			withUsageErrors(command.Subcommands)
			for _, sub := range command.Subcommands {
				sub.Before = flagsAfter(sub.Before)
			}
		} else if command.ArgsUsage == "" {
			command.Before = noArguments
		}
		if acts(command) {
			command.Flags = append(command.Flags, displayFlags()...)
		}
	}
	return commands
}

// orHelp is what a command with subcommands does when none is named: its own action, or help.
func orHelp(command *cli.Command) cli.ActionFunc {
	action := cli.ShowSubcommandHelp
	if acts(command) {
		action = command.Action
	}
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return unknownCommand(c, c.Args().First())
		}
		return action(c)
	}
}

// flagsAfter refuses flags that stand before the name of a subcommand, which would not get
// them. Those of the display may.
func flagsAfter(next cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		above := c.Lineage()[1]
		for _, flag := range above.Command.Flags {
			if name := flag.Names()[0]; given(above, name) && !isDisplayFlag(name) {
				return hint.BadFlag.New(fmt.Sprintf("--%s stands before %q", name, c.Command.Name), fmt.Sprintf("write it after: kindctl %s --%s …", commandOf(c), name))
			}
		}
		if next == nil {
			return nil
		}
		return next(c)
	}
}

// isDisplayFlag reports whether a flag may stand before and after the command.
func isDisplayFlag(name string) bool {
	return slices.ContainsFunc(displayFlags(), func(flag cli.Flag) bool { return slices.Contains(flag.Names(), name) })
}

// displayFlags may stand before and after the command.
func displayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, EnvVars: []string{"KINDCTL_QUIET"}, Usage: "print no progress, only results and errors", DisableDefaultText: true},
		&cli.BoolFlag{Name: "no-color", EnvVars: []string{"KINDCTL_NO_COLOR"}, Usage: "disable colors (NO_COLOR does the same)", DisableDefaultText: true},
		progressFlag(),
	}
}

// requiredNumber is a flag without a default, which its action asks for.
type requiredNumber struct{ *cli.IntFlag }

func (f requiredNumber) GetDefaultText() string { return "" }
func (f requiredNumber) GetUsage() string       { return f.Usage + " (required)" }
func (f requiredNumber) String() string         { return cli.FlagStringer(f) }

// isOn reports whether a display flag is given at any level.
func isOn(c *cli.Context, flag string) bool {
	return slices.ContainsFunc(c.Lineage(), func(level *cli.Context) bool { return level.Bool(flag) })
}

// noArguments refuses words that are not flags, for the commands that take none.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return hint.UnexpectedArgument.New(fmt.Sprintf("%s takes no argument %q", commandOf(c), c.Args().First()),
			fmt.Sprintf(`flags begin with "--"; see "kindctl %s --help"`, commandOf(c)))
	}
	return nil
}

// commandOf names a command after those that it belongs to: "snapshot save". It is empty for
// kindctl itself.
func commandOf(c *cli.Context) string {
	return strings.TrimSpace(strings.TrimPrefix(c.Command.HelpName, c.App.Name))
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
	return hint.UnknownCommand.New(fmt.Sprintf("there is no command %q%s", word, hint.Nearest(word, names)), `list them: kindctl --help`)
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
	message = strings.Replace(message, "for flag -", "for flag --", 1)
	return hint.BadFlag.New(message, fmt.Sprintf(`see "%s --help"`, strings.TrimSpace("kindctl "+commandOf(c))))
}

func noColor(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--no-color":
			return true
		case "--": // what follows is for another program
			return os.Getenv("KINDCTL_NO_COLOR") != ""
		}
	}
	return os.Getenv("KINDCTL_NO_COLOR") != ""
}
