package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completer knows what may stand at some place of a command line.
type completer struct {
	app     *cli.App
	sources sources
}

// answer is what may stand there.
type answer struct {
	candidates []candidate
	files      bool // and names of files
}

// candidate is a word and what it means.
type candidate struct{ word, says string }

// place is how far a command line has come.
type place struct {
	command  *cli.Command // nil before the first one
	commands []*cli.Command
	flags    []cli.Flag
	pending  cli.Flag // wants the next word as its value
	theirs   bool     // after "--": words of another program
}

// complete returns what may stand in place of the last of the words.
func (k completer) complete(words []string) answer {
	at := place{commands: k.app.Commands, flags: k.app.Flags}
	for _, word := range words[:len(words)-1] {
		at = at.after(word)
	}
	word := strings.TrimSpace(words[len(words)-1])
	found := k.at(at, word)
	found.candidates = slices.DeleteFunc(found.candidates, func(c candidate) bool { return !strings.HasPrefix(c.word, word) })
	return found
}

// after is the place behind one more word.
func (p place) after(word string) place {
	switch {
	case p.theirs:
	case p.pending != nil:
		p.pending = nil
	case word == "--":
		p.theirs = true
	case strings.HasPrefix(word, "-") && word != "-":
		name, _, whole := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if flag := flagOf(p.flags, name); flag != nil && !whole && takesValue(flag) {
			p.pending = flag
		}
	default:
		for _, command := range p.commands {
			if command.HasName(word) {
				p.command, p.commands, p.flags = command, command.Subcommands, command.Flags
				break
			}
		}
	}
	return p
}

// at returns what may stand at a place, given the beginning of the word.
func (k completer) at(p place, word string) answer {
	switch {
	case p.theirs:
		return answer{files: true}
	case p.pending != nil:
		return k.values(p, p.pending, word)
	case strings.HasPrefix(word, "-"):
		name, value, whole := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !whole {
			return flagsOf(p.flags)
		}
		flag := flagOf(p.flags, name)
		if flag == nil {
			return answer{}
		}
		found := k.values(p, flag, value)
		for i := range found.candidates {
			found.candidates[i].word = strings.TrimSuffix(word, value) + found.candidates[i].word
		}
		return found
	case len(p.commands) > 0:
		return commandsOf(p.commands)
	case p.command != nil:
		return k.arguments(p.command)
	}
	return answer{}
}

// flagOf finds a flag by one of its names.
func flagOf(flags []cli.Flag, name string) cli.Flag {
	for _, flag := range flags {
		if slices.Contains(flag.Names(), name) {
			return flag
		}
	}
	return nil
}

func takesValue(flag cli.Flag) bool {
	documented, is := flag.(cli.DocGenerationFlag)
	return is && documented.TakesValue()
}

// flagsOf lists flags by their long names.
func flagsOf(flags []cli.Flag) (found answer) {
	for _, flag := range flags {
		if visible, is := flag.(cli.VisibleFlag); is && !visible.IsVisible() || flag.Names()[0] == "help" {
			continue
		}
		says := ""
		if documented, is := flag.(cli.DocGenerationFlag); is {
			says = strings.ReplaceAll(documented.GetUsage(), "`", "")
		}
		found.candidates = append(found.candidates, candidate{"--" + flag.Names()[0], says})
	}
	found.candidates = append(found.candidates, candidate{"--help", "show help"})
	return found
}

func commandsOf(commands []*cli.Command) (found answer) {
	for _, command := range commands {
		if !command.Hidden {
			found.candidates = append(found.candidates, candidate{command.Name, command.Usage})
		}
	}
	return found
}
