package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/kindctl/kindctl/pkg/hint"
)

const reasonsHead = `# Reasons

Behind each failure is a reason, a name that never changes its meaning, with an exit code of its own. Reports
have it (` + "`--report json=FILE`, field `reason`" + `), and so do Go errors (` + "`hint.ReasonOf`" + `). What to do first
and what the exit codes mean is in [troubleshooting.md](troubleshooting.md). Written from the code by
` + "`go test ./internal/cli -run TestReasonsDocument -update`" + `; do not edit.
`

// Reasons writes the reference of reasons as Markdown, a heading for each.
func Reasons(out io.Writer, subjects []hint.Subject) {
	fmt.Fprint(out, reasonsHead)
	for _, subject := range subjects {
		fmt.Fprintf(out, "\n## %s\n", subject.Title)
		for _, reason := range subject.Reasons {
			fmt.Fprintf(out, "\n### %s\n\n*Exit code %s.* %s\n\n**Remedy:** %s\n", reason.Name, exitCode(reason.Code), reason.Cause, reason.Remedy)
		}
	}
}

func exitCode(code hint.Code) string {
	if code == hint.OfCommand {
		return "of the command"
	}
	return strconv.Itoa(int(code))
}
