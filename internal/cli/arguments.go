package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/quantity"
	"github.com/kindctl/kindctl/pkg/hint"
)

// exactArguments are those of a command that takes as many as its ArgsUsage names; none means
// that help was printed.
func exactArguments(c *cli.Context) ([]string, error) {
	words, err := argumentsOf(c)
	switch {
	case err != nil:
		return nil, err
	case c.Bool("help"):
		return nil, cli.ShowSubcommandHelp(c)
	case len(words) != len(strings.Fields(c.Command.ArgsUsage)):
		return nil, hint.UnexpectedArgument.New(fmt.Sprintf("expected %s, got %s", c.Command.ArgsUsage, quantity.Count(len(words), "argument")),
			fmt.Sprintf(`see "kindctl %s --help"`, commandOf(c)))
	}
	return words, nil
}

// optionalArgument are the arguments of a command that takes one, such as a step, or none. With
// done, help was printed or they are wrong.
func optionalArgument(c *cli.Context, what string) (words []string, done bool, err error) {
	words, err = argumentsOf(c)
	switch {
	case err != nil:
		return nil, true, err
	case c.Bool("help"):
		return nil, true, cli.ShowSubcommandHelp(c)
	case len(words) > 1:
		return nil, true, hint.UnexpectedArgument.New(fmt.Sprintf("%s takes one %s, not %d", commandOf(c), what, len(words)),
			"see: "+c.Command.UsageText)
	}
	return words, false, nil
}

// argumentsOf returns a command's arguments, and sets the flags that stand behind
// the first of them: the library reads flags only in front.
func argumentsOf(c *cli.Context) (arguments []string, err error) {
	words := c.Args().Slice()
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			return append(arguments, words...), nil
		case !strings.HasPrefix(word, "-") || word == "-":
			arguments = append(arguments, word)
			continue
		}
		name, value, has := strings.Cut(strings.TrimLeft(word, "-"), "=")
		at := slices.IndexFunc(c.Command.Flags, func(flag cli.Flag) bool { return slices.Contains(flag.Names(), name) })
		if at < 0 {
			return nil, usageError(c, fmt.Errorf("flag provided but not defined: -%s", name), true)
		}
		if _, is := c.Command.Flags[at].(*cli.BoolFlag); is && !has {
			value, has = "true", true
		}
		if !has {
			if len(words) == 0 {
				return nil, hint.BadFlag.New(word+" needs a value", fmt.Sprintf(`see "kindctl %s --help"`, commandOf(c)))
			}
			value, words = words[0], words[1:]
		}
		if err := c.Set(c.Command.Flags[at].Names()[0], value); err != nil {
			return nil, usageError(c, err, true)
		}
	}
	return arguments, nil
}
