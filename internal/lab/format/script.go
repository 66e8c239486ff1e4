package format

import (
	"errors"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call is a command in a script.
type call struct {
	// words are its name and its arguments. What only a shell knows is "$" in them.
	words []string
	line  int
	// host is where it runs: "" is the host of the script.
	host string
}

// name is the program's, without its directory.
func (c call) name() string { return path.Base(c.words[0]) }

// has reports whether one of the words is an argument.
func (c call) has(words ...string) bool {
	return slices.ContainsFunc(c.words[1:], func(word string) bool { return slices.Contains(words, word) })
}

// after are the words behind one, or nil.
func (c call) after(word string) []string {
	if at := slices.Index(c.words, word); at >= 0 {
		return c.words[at+1:]
	}
	return nil
}

// here are the words up to "--", behind which kubectl has a command that runs in a pod.
func (c call) here() []string {
	if end := slices.Index(c.words, "--"); end > 0 {
		return c.words[:end]
	}
	return c.words
}

// parseScript parses a script of bash.
func parseScript(text string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
}

// syntaxPlace is the line and the column of a syntax error, and what is wrong.
func syntaxPlace(err error) (line, column int, message string) {
	if wrong := (syntax.ParseError{}); errors.As(err, &wrong) {
		return int(wrong.Pos.Line()), int(wrong.Pos.Col()), wrong.Text
	}
	return 0, 0, err.Error()
}

// isShell reports whether a script is one of a shell: it says so, or says nothing.
func isShell(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	program, has := strings.CutPrefix(first, "#!")
	return !has || strings.Contains(program, "sh")
}

// callsOf are the commands of a script, those in the arguments of shells and of ssh among them.
func callsOf(file *syntax.File) (calls []call) {
	syntax.Walk(file, func(node syntax.Node) bool {
		if one, is := node.(*syntax.CallExpr); is && len(one.Args) > 0 {
			c := call{line: int(one.Pos().Line())}
			for _, word := range one.Args {
				c.words = append(c.words, textOf(word.Parts))
			}
			calls = append(calls, c.inner()...)
		}
		return true
	})
	return calls
}

// wrappers run the command in their arguments; the number is of those that come before it.
var wrappers = map[string]int{"sudo": 0, "nohup": 0, "time": 0, "exec": 0, "command": 0, "env": 0, "setsid": 0, "timeout": 1, "watch": 0, "xargs": 0}

// inner is the command itself and what it runs.
func (c call) inner() []call {
	name := c.name()
	if before, is := wrappers[name]; is {
		rest := c.words[1:]
		for len(rest) > 0 && (strings.HasPrefix(rest[0], "-") || strings.Contains(rest[0], "=") || before > 0) {
			if !strings.HasPrefix(rest[0], "-") && !strings.Contains(rest[0], "=") {
				before--
			}
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return []call{c}
		}
		return call{rest, c.line, c.host}.inner()
	}
	all := []call{c}
	switch name {
	case "bash", "sh":
		if rest := c.after("-c"); len(rest) > 0 {
			all = append(all, c.nested(rest[0], c.host)...)
		}
	case "eval":
		all = append(all, c.nested(strings.Join(c.words[1:], " "), c.host)...)
	case "ssh":
		if host, command := sshTarget(c.words[1:]); command != "" {
			all = append(all, c.nested(command, host)...)
		}
	}
	return all
}

// nested are the commands in an argument.
func (c call) nested(text, host string) []call {
	file, err := parseScript(text)
	if err != nil {
		return nil
	}
	calls := callsOf(file)
	for i := range calls {
		calls[i].line += c.line - 1
		if calls[i].host == "" {
			calls[i].host = host
		}
	}
	return calls
}

// sshValues are the flags of ssh that a value follows.
const sshValues = "BbcDEeFIiJLlmOopQRSWw"

// sshTarget is the host that ssh connects to, and the command that it runs there.
func sshTarget(words []string) (host, command string) {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		if flag := words[0]; len(flag) == 2 && strings.Contains(sshValues, flag[1:]) && len(words) > 1 {
			words = words[1:]
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return "", ""
	}
	host = words[0]
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}
	return host, strings.Join(words[1:], " ")
}

// textOf is a word without its quotes.
func textOf(parts []syntax.WordPart) string {
	var text strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			text.WriteString(strings.ReplaceAll(part.Value, "\\\n", ""))
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		case *syntax.DblQuoted:
			text.WriteString(textOf(part.Parts))
		default:
			text.WriteString("$")
		}
	}
	return text.String()
}

// endless is the line of a loop that nothing ends, or 0.
func endless(file *syntax.File) (line int) {
	syntax.Walk(file, func(node syntax.Node) bool {
		switch loop := node.(type) {
		case *syntax.WhileClause:
			if line == 0 && alwaysHolds(loop) && !leaves(loop.Do) {
				line = int(loop.Pos().Line())
			}
		case *syntax.ForClause:
			if steps, is := loop.Loop.(*syntax.CStyleLoop); is && line == 0 && steps.Cond == nil && !leaves(loop.Do) {
				line = int(loop.Pos().Line())
			}
		}
		return true
	})
	return line
}

// alwaysHolds recognizes "while true" and its kin.
func alwaysHolds(loop *syntax.WhileClause) bool {
	if len(loop.Cond) != 1 {
		return false
	}
	condition, is := loop.Cond[0].Cmd.(*syntax.CallExpr)
	if !is || len(condition.Args) == 0 {
		return false
	}
	word := textOf(condition.Args[0].Parts)
	if loop.Until {
		return word == "false"
	}
	return word == "true" || word == ":"
}

// leaves reports whether a loop's commands can end it.
func leaves(body []*syntax.Stmt) (found bool) {
	for _, statement := range body {
		syntax.Walk(statement, func(node syntax.Node) bool {
			if one, is := node.(*syntax.CallExpr); is && len(one.Args) > 0 {
				found = found || slices.Contains([]string{"break", "exit", "return"}, textOf(one.Args[0].Parts))
			}
			return true
		})
	}
	return found
}

// provesNothing reports whether a script passes whatever the cluster is like: all that it does is
// to print.
func provesNothing(file *syntax.File) bool {
	calls := callsOf(file)
	return !slices.ContainsFunc(calls, func(c call) bool {
		switch c.name() {
		case "echo", "printf", "true", ":", "sleep", "set":
			return false
		case "exit":
			return len(c.words) > 1 && c.words[1] != "0"
		}
		return true
	})
}

// isRemote reports whether an address is one of the Internet.
func isRemote(address string) bool {
	if rest, is := strings.CutPrefix(address, "oci://"); is {
		address = "https://" + rest
	}
	parsed, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"http", "https", "git", "ftp"}, parsed.Scheme) {
		return false
	}
	host := parsed.Hostname()
	if strings.ContainsAny(host, "${}<>") || !strings.Contains(host, ".") {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsUnspecified()
	}
	for _, near := range []string{".local", ".svc", ".internal", ".localhost", ".test"} {
		if strings.HasSuffix(host, near) {
			return false
		}
	}
	return true
}

var (
	imageFlag = regexp.MustCompile(`--image[= ]["']?([^\s"'` + "`" + `]+)`)
	imageLine = regexp.MustCompile(`(?m)^\s*(?:-\s+)?(?:\{.*\b)?["']?image["']?:\s*["']?([^\s"'#,}]+)`)
	// placeholder is a word in a command that learners replace.
	placeholder = regexp.MustCompile(`<[A-Za-z][A-Za-z0-9 _-]*>`)
	imageName   = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/:@-]*$`)
)

// imagesIn are the images that a text names, in flags of kubectl and in manifests.
func imagesIn(text string) (images []string) {
	for _, pattern := range []*regexp.Regexp{imageFlag, imageLine} {
		for _, one := range pattern.FindAllStringSubmatch(text, -1) {
			if name := strings.TrimSuffix(one[1], ","); imageName.MatchString(name) {
				images = append(images, name)
			}
		}
	}
	return images
}
