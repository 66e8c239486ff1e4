package cli

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

func shellLabCommand() *cli.Command {
	return &cli.Command{
		Name: "shell", Usage: "Open a shell on a host of a lab",
		UsageText: `kindctl lab shell [HOST] [-n NAME]

Examples:
  kindctl lab shell             on the control plane
  kindctl lab shell node01      on the worker`,
		Description: "The shell is root's. Exits as the shell does.",
		ArgsUsage:   "[HOST]",
		Flags:       []cli.Flag{labNameFlag()},
		Action:      shellLab,
	}
}

func shellLab(c *cli.Context) error {
	words, done, err := optionalArgument(c, "host")
	if done {
		return err
	}
	host := ""
	if len(words) > 0 {
		host = words[0]
	}
	in := int(os.Stdin.Fd())
	terminal := kindctl.LabTerminal{In: os.Stdin, Out: c.App.Writer}
	restore := func() {}
	if term.IsTerminal(in) {
		sizes, stop := terminalSizes(in)
		defer stop()
		terminal.Sizes = sizes
		saved, err := term.MakeRaw(in)
		if err != nil {
			return err
		}
		restore = func() { _ = term.Restore(in, saved) }
	}
	code, err := clientOf(c).AttachLab(c.Context, c.String("name"), host, terminal)
	restore()
	if err == nil && code != 0 {
		failure := hint.CommandFailed.New(fmt.Sprintf("the shell ended with exit code %d", code), "")
		failure.Code = hint.Code(code)
		return failure
	}
	return err
}
