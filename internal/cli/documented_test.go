package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// documentedCommand is a command line of kindctl in a document, to type or in a
// sentence.
type documentedCommand struct {
	place string
	words []string
	// whole says that nothing but the command line stands there.
	whole bool
}

var (
	// mention is kindctl at the place of a command.
	mention = regexp.MustCompile("(^|[\\s`(/\"])kindctl (\\S[^`;|)>]*)")
	// prompt begins a line of a console.
	prompt = regexp.MustCompile(`^\s*[$#] (.*)$`)
	// lone is a flag without a command.
	lone = regexp.MustCompile("`(--[a-z-]+)")
	// remark ends one.
	remark = regexp.MustCompile(`\s+#\s.*$|\s{3,}\S.*$`)
)

// documentedCommands finds the command lines of a document.
func documentedCommands(name, text string) (all []documentedCommand) {
	fence := ""
	for i, line := range strings.Split(text, "\n") {
		if kind, is := strings.CutPrefix(strings.TrimSpace(line), "```"); is {
			if fence == "" {
				fence = "```" + kind
			} else {
				fence = ""
			}
			continue
		}
		whole := fence != ""
		if fence == "```console" {
			if typed := prompt.FindStringSubmatch(line); typed != nil {
				line = typed[1]
			} else {
				whole = false
			}
		}
		if whole {
			line = remark.ReplaceAllString(line, "")
		}
		for _, at := range mention.FindAllStringSubmatchIndex(line, -1) {
			words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(line[at[4]:at[5]]))
			quoted := line[at[2]:at[3]] == "`"
			all = append(all, documentedCommand{place: fmt.Sprintf("%s:%d: kindctl %s", name, i+1, strings.Join(words, " ")), words: words, whole: whole || quoted})
		}
	}
	return all
}

// parse has the real commands read a command line, and run nothing.
func parse(words []string) error {
	app := newApp(io.Discard, io.Discard)
	for _, command := range everyCommand(app.Commands) {
		if acts(command) {
			command.Action = understood
		}
	}
	return app.Run(append([]string{"kindctl"}, words...))
}

// understood does what each command does before it looks at anything but its words.
func understood(c *cli.Context) error {
	if c.Command.ArgsUsage != "" && c.Command.Name != "run" {
		if _, err := argumentsOf(c); err != nil {
			return err
		}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(c.Command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == name })
	}
	switch {
	case has("images") && has("ttl") && c.String("config") == "":
		_, _, err := upOptions(c)
		return err
	case has("only") && has("skip"):
		if err := validateFlags(c); err != nil {
			return err
		}
		_, err := selectionOf(c)
		return err
	}
	return nil
}

// leading are the words up to the first that is neither a command nor a flag with
// its value: in a sentence the rest is English.
func leading(words []string) (typed []string) {
	app := newApp(io.Discard, io.Discard)
	commands, flags := app.Commands, app.Flags
	for i := 0; i < len(words); i++ {
		word := strings.TrimRight(words[i], ",.:")
		if at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) }); at >= 0 {
			commands, flags, typed = commands[at].Subcommands, commands[at].Flags, append(typed, word)
			continue
		}
		if !strings.HasPrefix(word, "-") {
			break
		}
		at := slices.IndexFunc(flags, func(flag cli.Flag) bool { return slices.Contains(flag.Names(), strings.TrimLeft(word, "-")) })
		alone := at < 0
		if !alone {
			_, alone = flags[at].(*cli.BoolFlag)
		}
		if alone {
			typed = append(typed, word)
			continue
		}
		if i++; i == len(words) || placeholder.MatchString(words[i]) {
			break
		}
		typed = append(typed, word, strings.TrimRight(words[i], ",.:"))
	}
	return typed
}

// placeholder is no word to type: NAME, or [flags].
var placeholder = regexp.MustCompile(`^[A-Z]+$|^\[`)

// fault says what is wrong with a command line, or nothing.
func (l documentedCommand) fault() error {
	words := l.words
	if !l.whole || placeholder.MatchString(words[0]) ||
		slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, "[") }) {
		if words = leading(words); len(words) == 0 {
			return nil // a sentence about kindctl
		}
	}
	return parse(words)
}

// TestDocumentedCommands has the real commands read every command line of the
// documents.
func TestDocumentedCommands(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{"--help": true}
	for _, ofKubernetes := range []string{"--use-service-account-credentials", "--disable-admission-plugins", "--quota-backend-bytes", "--v"} {
		flags[ofKubernetes] = true
	}
	for _, command := range everyCommand(newApp(io.Discard, io.Discard).Commands) {
		for _, flag := range command.Flags {
			flags["--"+flag.Names()[0]] = true
		}
	}
	found := map[string]int{}
	for _, path := range append(documents, "../../README.md", "../../ARCHITECTURE.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md", "../../SECURITY.md", "../../docs/config.schema.json") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		for _, flag := range lone.FindAllStringSubmatch(string(text), -1) {
			if !flags[flag[1]] {
				t.Errorf("%s has %s, which no command has", name, flag[1])
			}
		}
		for _, line := range documentedCommands(name, string(text)) {
			if line.whole {
				found[name]++
			}
			if err := line.fault(); err != nil {
				t.Errorf("%s\n%v", line.place, err)
			}
		}
	}
	for name, least := range map[string]int{"README.md": 8, "quickstart.md": 12, "daily.md": 15, "verify.md": 8, "ci.md": 3, "config.md": 5, "cli.md": 30} {
		if found[name] < least {
			t.Errorf("only %d command lines are found in %s; the test reads it wrongly", found[name], name)
		}
	}
}

// TestWrongDocumentedCommands: a command line that does not exist is found.
func TestWrongDocumentedCommands(t *testing.T) {
	const fence = "```"
	for text, want := range map[string]string{
		"kindctl up --explain lists them, and kindctl makes none":                      "",
		"`kindctl up --config FILE` reads":                                             "",
		"what kindctl up --explane lists":                                              "--explane",
		"`kindctl upp`, or":                                                            "upp",
		fence + "console\n$ kindctl up --cni celium   # so\n" + fence:                  "celium",
		fence + "console\n# sudo kindctl doctor --fix   # raises\n" + fence:            "",
		fence + "console\n$ kindctl stop now; kindctl start\n" + fence:                 "now",
		fence + "console\n$ kindctl stop; kindctl start --now\n" + fence:               "--now",
		fence + "console\n$ kindctl verify --only dns,net.podz\n" + fence:              "net.podz",
		fence + "console\n$ source <(kindctl completion bash)\n" + fence:               "",
		fence + "console\n$ ./kindctl run -- make e2e --keep\n" + fence:                "",
		fence + "yaml\n  run: kindctl export logs \"${{ a.b }}/c\" --tarr x\n" + fence: "--tarr",
	} {
		var faults []string
		for _, line := range documentedCommands("x.md", text) {
			if err := line.fault(); err != nil {
				faults = append(faults, err.Error())
			}
		}
		if got := strings.Join(faults, "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s\nfaults %q, want %q", text, got, want)
		}
	}
}
