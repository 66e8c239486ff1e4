package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestReference holds docs/cli.md and the man page to the commands.
func TestReference(t *testing.T) {
	app := newApp(io.Discard, io.Discard)
	for file, text := range map[string]string{"cli.md": markdownPage(app), "man/kindctl.1": string(md2man.Render([]byte(manPage(app))))} {
		golden.Check(t, "../../docs/"+file, []byte(text))
	}
}

// TestExitCodesDocument holds the table in docs/troubleshooting.md to the codes.
func TestExitCodesDocument(t *testing.T) {
	const file, begin, end = "../../docs/troubleshooting.md", "<!-- exit codes: begin -->\n", "<!-- exit codes: end -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s does not have %q and %q", file, begin, end)
	}
	golden.Check(t, file, []byte(before+begin+"\n| code | meaning |\n|---|---|\n"+exitCodes("| %d | %s |\n")+"\n"+end+after))
}

// exitCodes has a line for each code, of its number and its meaning.
func exitCodes(line string) string {
	var out strings.Builder
	for _, code := range []struct {
		code    hint.Code
		meaning string
	}{
		{hint.OK, "done"},
		{hint.Internal, "an internal error, or a check was inconclusive"},
		{hint.Usage, "a flag, an argument or the configuration is wrong"},
		{hint.Preflight, "this host cannot do it; nothing was created"},
		{hint.Creation, "the cluster could not be created, started or changed"},
		{hint.Verification, "a check failed"},
		{hint.Timeout, "a deadline passed, such as that of an API server which does not answer"},
		{hint.NotFound, "there is no such cluster, context, kubeconfig or image"},
		{hint.Interrupted, "interrupted"},
	} {
		fmt.Fprintf(&out, line, code.code, code.meaning)
	}
	return out.String()
}

// exitStatus is the section about them.
func exitStatus() string {
	return exitCodes("- %d: %s\n") + "\n\"kindctl run\" ends with the exit code of its command.\n"
}

// TestFlagsHaveOneDefault wants none of a switch, and one where it says something.
func TestFlagsHaveOneDefault(t *testing.T) {
	for _, command := range everyCommand(newApp(io.Discard, io.Discard).Commands) {
		for _, flag := range command.Flags {
			if text := flag.String(); strings.Count(text, "(default") > 1 || strings.Contains(text, "(default: false)") {
				t.Errorf("%s: %s", command.Name, text)
			}
		}
	}
}

func markdownPage(app *cli.App) string {
	return fmt.Sprintf("# The command line\n\n%s: %s. This page is generated from the commands; `kindctl COMMAND --help` says the same.\n\n## Flags of every command\n\n%s\n%s\n## Exit codes\n\n%s",
		app.Name, app.Usage, flagsText(displayFlags()), commandsText(app), exitStatus())
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

%[5]s`, app.Name, app.Usage, flagsText(displayFlags()), commandsText(app), exitStatus())
}

// commandsText describes each command that can be run.
func commandsText(app *cli.App) string {
	var out strings.Builder
	var describe func(prefix string, commands []*cli.Command)
	describe = func(prefix string, commands []*cli.Command) {
		for _, command := range commands {
			name := prefix + " " + command.Name
			if command.Hidden {
				continue
			}
			if acts(command) {
				out.WriteString(commandText(name, command))
			}
			describe(name, command.Subcommands)
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
