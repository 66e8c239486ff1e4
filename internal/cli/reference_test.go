package cli

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/golden"
)

// TestReference holds docs/cli.md and the man page to the commands.
func TestReference(t *testing.T) {
	app := newApp(io.Discard, io.Discard)
	for file, text := range map[string]string{"cli.md": markdownPage(app), "man/kindctl.1": string(md2man.Render([]byte(manPage(app))))} {
		golden.Check(t, "../../docs/"+file, []byte(text))
	}
}

const exitCodes = `- 0: done
- 1: an internal error, or a check was inconclusive
- 2: a flag, an argument or the configuration is wrong
- 3: this host cannot do it
- 4: the cluster could not be made
- 5: a check failed
- 6: a deadline passed
- 7: there is no such cluster or context
- 130: interrupted

"kindctl run" ends with the exit code of its command.
`

func markdownPage(app *cli.App) string {
	return fmt.Sprintf("# The command line\n\n%s: %s. This page is generated from the commands; `kindctl COMMAND --help` says the same.\n\n## Flags of every command\n\n%s\n%s\n## Exit codes\n\n%s",
		app.Name, app.Usage, flagsText(displayFlags()), commandsText(app), exitCodes)
}

// manPage is Markdown as md2man wants it.
func manPage(app *cli.App) string {
	return fmt.Sprintf(`KINDCTL 1 "" "kindctl" "User Commands"
==================================================

# NAME

%[1]s - %[2]s

# SYNOPSIS

**%[1]s** *COMMAND* [*FLAG*...] [*ARGUMENT*...]

# OPTIONS

%[3]s
# COMMANDS

%[4]s
# EXIT STATUS

%[5]s`, app.Name, app.Usage, flagsText(displayFlags()), commandsText(app), exitCodes)
}

// commandsText describes each command that can be run.
func commandsText(app *cli.App) string {
	var out strings.Builder
	var describe func(prefix string, commands []*cli.Command)
	describe = func(prefix string, commands []*cli.Command) {
		for _, command := range commands {
			name := prefix + " " + command.Name
			switch {
			case command.Hidden:
			case len(command.Subcommands) > 0:
				describe(name, command.Subcommands)
			default:
				out.WriteString(commandText(name, command))
			}
		}
	}
	describe(app.Name, app.Commands)
	return out.String()
}

func commandText(name string, command *cli.Command) string {
	usage := command.UsageText
	if usage == "" {
		usage = strings.TrimSpace(name + " [flags] " + command.ArgsUsage)
	}
	text := fmt.Sprintf("## %s\n\n%s.\n\n```\n%s\n```\n\n", name, command.Usage, usage)
	if command.Description != "" {
		text += command.Description + "\n\n"
	}
	if flags := flagsText(command.Flags[:len(command.Flags)-len(displayFlags())]); flags != "" {
		text += flags + "\n"
	}
	return text
}

// flagsText lists flags as --help does.
func flagsText(flags []cli.Flag) string {
	var out strings.Builder
	for _, flag := range flags {
		if visible, is := flag.(cli.VisibleFlag); is && !visible.IsVisible() {
			continue
		}
		name, says, _ := strings.Cut(flag.String(), "\t")
		fmt.Fprintf(&out, "- `%s`: %s\n", name, strings.ReplaceAll(says, "<", "&lt;"))
	}
	return out.String()
}
