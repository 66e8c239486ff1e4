package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

const documentHead = `# What kindctl verify proves

Each check proves one statement about a running cluster. Written from the code by
` + "`go test ./internal/cli -run TestChecksDocument -update`" + `; do not edit.

- **Needs**: checks that must have passed; otherwise this one is BLOCKED. The checks of a CNI count only in clusters that have it.
- **Rights**: the requests that the check makes, as verbs and a resource with its group and subresource; ` + "`@`" + ` binds them to a namespace. ` + "`kindctl verify --print-rbac`" + ` makes roles of them.
- **per node**: gives each node a verdict of its own, in JUnit the case ` + "`CHECK@NODE`" + `.
- **slow**: makes objects and waits for them, or waits for a change; ` + "`--quick`" + ` leaves it out.
- **warns**: says WARN where another check says FAIL.
- **A difference, not a failure**: a change that someone may have made on purpose. The check says WARN, and names the commands that accept it (` + "`kindctl accept`" + `) or undo it; once it is accepted, the check passes.
`

// Document writes the reference of checks as Markdown, with a heading for each.
func Document(out io.Writer, checks []verify.Check) {
	fmt.Fprint(out, documentHead)
	for _, group := range groups(checks, groupOf) {
		fmt.Fprintf(out, "\n## %s\n", group)
		for _, check := range checks {
			if check.Group == group {
				documentCheck(out, check)
			}
		}
	}
}

func documentCheck(out io.Writer, check verify.Check) {
	fmt.Fprintf(out, "\n### %s\n\n**%s**%s\n\n%s\n\n", check.ID, escape(check.Title), nature(check), escape(check.Proves))
	for _, line := range []struct{ name, text string }{
		{"A difference, not a failure", escape(check.Differs)},
		{"Needs", codes(check.Needs)},
		{"Rights", codes(check.Rights)},
		{"Hint", escape(check.Hint)},
	} {
		if line.text != "" {
			fmt.Fprintf(out, "- %s: %s\n", line.name, line.text)
		}
	}
}

// marks are what Markdown would read as its own.
var marks = strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`)

// escape is text of one paragraph.
func escape(text string) string { return marks.Replace(strings.ReplaceAll(text, "\n", "; ")) }

// cell is text that stays inside one cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", "<br>").Replace(marks.Replace(text))
}

func codes(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
