package format

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Action is what a click on code does, which a marker behind it says: {{exec}}.
type Action string

// The actions.
const (
	// Exec runs the code in the terminal, Interrupt with Ctrl-C before it.
	Exec      Action = "exec"
	Interrupt Action = "exec interrupt"
	// Copy copies it, which is what happens to code in a line without a marker.
	Copy Action = "copy"
	// None is that of {{}}.
	None Action = ""
)

// Actions are those that a marker can name.
var Actions = []Action{Exec, Interrupt, Copy, None}

// Code is code in a text.
type Code struct {
	// Line is where it begins, from 1.
	Line int
	// Language is that of a block, or "".
	Language string
	Text     string
	// Marker is what stands in braces behind it, and Marked whether there is one.
	Marker string
	Marked bool
	// Block says that it has lines of its own.
	Block bool
}

var (
	fence      = regexp.MustCompile("^([ \t]*(?:[-*>][ \t]+)?[ \t]*)(```+|~~~+)[ \t]*([^`]*)$")
	inlineCode = regexp.MustCompile("(`+)([^`\n]+)`+\\{\\{([^{}\n]*)\\}\\}")
	marker     = regexp.MustCompile(`\{\{([^{}\n]*)\}\}`)
	traffic    = regexp.MustCompile(`\{\{TRAFFIC_(?:SELECTOR|HOST(\d+)_(\d+))\}\}`)
	details    = regexp.MustCompile(`(?is)<details[^>]*>\s*(?:<summary[^>]*>(.*?)</summary>)?(.*?)</details>`)
	tag        = regexp.MustCompile(`<[^>]+>`)
)

// Normalize moves markers behind blocks of code, which end no block in CommonMark, to their
// beginning: ```bash {{exec}}.
func Normalize(text string) string {
	lines := strings.Split(text, "\n")
	open, bars := -1, ""
	for i, line := range lines {
		parts := fence.FindStringSubmatch(strings.TrimRight(line, "\r"))
		switch {
		case parts == nil:
		case open < 0:
			open, bars = i, parts[2]
		case strings.HasPrefix(parts[2], bars) && (parts[3] == "" || marker.MatchString(parts[3])):
			if found := marker.FindString(parts[3]); found != "" {
				lines[open] = strings.TrimRight(lines[open], " \t\r") + " " + found
				lines[i] = parts[1] + parts[2] + marker.ReplaceAllString(parts[3], "")
			}
			open = -1
		}
	}
	return strings.Join(lines, "\n")
}

// MarkerOf is the marker of a block of code that Normalize has moved, and whether there is one.
func MarkerOf(info string) (text string, marked bool) {
	found := marker.FindStringSubmatch(info)
	if found == nil {
		return "", false
	}
	return strings.TrimSpace(found[1]), true
}

// Codes are the blocks of code in a text, and what is code in a line and has a marker.
func Codes(text string) (found []Code) {
	var block *Code
	bars := ""
	for i, line := range strings.Split(Normalize(text), "\n") {
		parts := fence.FindStringSubmatch(strings.TrimRight(line, "\r"))
		switch {
		case block != nil && parts != nil && strings.HasPrefix(parts[2], bars) && strings.TrimSpace(parts[3]) == "":
			found = append(found, *block)
			block = nil
		case block != nil:
			block.Text += line + "\n"
		case parts != nil:
			block, bars = &Code{Line: i + 1, Block: true}, parts[2]
			block.Marker, block.Marked = MarkerOf(parts[3])
			block.Language, _, _ = strings.Cut(strings.TrimSpace(marker.ReplaceAllString(parts[3], "")), " ")
		default:
			for _, one := range inlineCode.FindAllStringSubmatch(line, -1) {
				found = append(found, Code{Line: i + 1, Text: one[2], Marker: strings.TrimSpace(one[3]), Marked: true})
			}
		}
	}
	if block != nil {
		found = append(found, *block)
	}
	return found
}

// Runs reports whether a click on the code runs it.
func (c Code) Runs() bool {
	return c.Marked && (Action(c.Marker) == Exec || Action(c.Marker) == Interrupt)
}

// Port is one of a host of the lab, that learners reach from their own machine.
type Port struct {
	// Host is its number, from 1.
	Host   int `json:"host"`
	Number int `json:"port"`
}

// Ports are those that a text has addresses of.
func Ports(text string) (ports []Port) {
	for _, one := range traffic.FindAllStringSubmatch(text, -1) {
		if one[1] == "" {
			continue
		}
		host, _ := strconv.Atoi(one[1])
		number, _ := strconv.Atoi(one[2])
		ports = append(ports, Port{host, number})
	}
	return ports
}

// WithAddresses puts addresses in place of {{TRAFFIC_HOST1_80}}, and of {{TRAFFIC_SELECTOR}},
// for which Killercoda has a page: address is asked for the port 0 of host 1 then.
func WithAddresses(text string, address func(Port) string) string {
	return traffic.ReplaceAllStringFunc(text, func(found string) string {
		ports := Ports(found)
		if len(ports) == 0 {
			return address(Port{Host: 1})
		}
		return address(ports[0])
	})
}

// Details is a part of a text that is shown on request.
type Details struct {
	Summary, Text string
}

// DetailsIn are the <details> of a text, in order.
func DetailsIn(text string) (found []Details) {
	for _, one := range details.FindAllStringSubmatch(Normalize(text), -1) {
		found = append(found, Details{strings.TrimSpace(tag.ReplaceAllString(one[1], "")), strings.TrimSpace(one[2])})
	}
	return found
}

// WithoutDetails has a line in place of each <details> of a text, which replace makes.
func WithoutDetails(text string, replace func(Details) string) string {
	return details.ReplaceAllStringFunc(text, func(found string) string { return "\n" + replace(DetailsIn(found)[0]) + "\n" })
}

// unknownMarkers reports markers that Killercoda does not have.
func unknownMarkers(file, text string) (problems []Problem) {
	for _, one := range Codes(text) {
		known := false
		var names []string
		for _, action := range Actions {
			known = known || one.Marker == string(action)
			names = append(names, "{{"+string(action)+"}}")
		}
		if !one.Marked || known || traffic.MatchString("{{"+one.Marker+"}}") {
			continue
		}
		advice := "use one of " + strings.Join(names, ", ")
		if one.Marker == "execute" {
			advice = "this is Katacoda's; Killercoda has {{exec}}"
		}
		problems = append(problems, Problem{Severity: Warning, ID: "marker-unknown", File: file, Line: one.Line,
			Message: fmt.Sprintf("there is no marker {{%s}}", one.Marker), Hint: advice})
	}
	return problems
}
