package cli

import (
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/hint"
)

// completions are the scripts that ask this program what may stand somewhere.
//
//go:embed completion
var completions embed.FS

// completionScripts are the shells in the order in which they are told, with
// their scripts.
var completionScripts = [][2]string{
	{"bash", "kindctl.bash"},
	{"zsh", "kindctl.zsh"},
	{"fish", "kindctl.fish"},
	{"powershell", "kindctl.ps1"},
}

func shells() (names []string) {
	for _, script := range completionScripts {
		names = append(names, script[0])
	}
	return names
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "Print the completion script of a shell",
		UsageText: `kindctl completion bash|zsh|fish|powershell

In this shell, and always:
  source <(kindctl completion bash)
  kindctl completion bash >~/.local/share/bash-completion/completions/kindctl

  source <(kindctl completion zsh)
  kindctl completion zsh >"${fpath[1]}/_kindctl"

  kindctl completion fish | source
  kindctl completion fish >~/.config/fish/completions/kindctl.fish

  kindctl completion powershell | Out-String | Invoke-Expression
  the same line in the file that $PROFILE names`,
		Description: "It completes commands, flags and their values: names of clusters and contexts, checks, CNIs, profiles, proxy modes, formats, files.",
		ArgsUsage:   "SHELL",
		Action:      printCompletion,
	}
}

func printCompletion(c *cli.Context) error {
	advice := "use one of: " + strings.Join(shells(), ", ")
	if c.NArg() != 1 {
		return hint.NoShell.New("completion takes the name of one shell", advice)
	}
	for _, script := range completionScripts {
		if c.Args().First() != script[0] {
			continue
		}
		text, err := completions.ReadFile("completion/" + script[1])
		if err != nil {
			return err
		}
		_, err = c.App.Writer.Write(text)
		return err
	}
	return hint.UnknownShell.New(fmt.Sprintf("there is no completion for %q%s", c.Args().First(), hint.Nearest(c.Args().First(), shells())), advice)
}

// completeCommand is what the scripts call with the words before the cursor. It
// prints what may stand in place of the last one: a line for each word, with what
// it means after a tab, and ":files" where files may stand as well.
func completeCommand() *cli.Command {
	return &cli.Command{
		Name: "__complete", Hidden: true, HideHelpCommand: true, SkipFlagParsing: true, ArgsUsage: "WORD...",
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) == 0 {
				words = []string{""}
			}
			answer := completer{app: c.App, sources: theirs(c.Context)}.complete(words)
			for _, candidate := range answer.candidates {
				fmt.Fprintf(c.App.Writer, "%s\t%s\n", candidate.word, candidate.says)
			}
			if answer.files {
				fmt.Fprintln(c.App.Writer, ":files")
			}
			return nil
		},
	}
}
