package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/lab/format"
)

var severityColors = map[format.Severity]string{format.Error: console.Red, format.Warning: console.Yellow, format.Note: console.Faint}

// Labs shows for people what there is to say of labs.
func Labs(out io.Writer, reports []format.Report, style console.Style) {
	for i, one := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		title := one.Title
		if title == "" {
			title = one.Path
		}
		if one.Path != "." {
			title += " (" + one.Path + ")"
		}
		fmt.Fprintln(out, style.Paint(console.Bold, title))
		if one.Needs != nil {
			labNeeds(out, one)
		}
		for _, problem := range one.Problems {
			problem.File = path.Join(one.Path, problem.File)
			fmt.Fprintf(out, "  %s %s: %s\n", style.Paint(severityColors[problem.Severity], fmt.Sprintf("%-7s", problem.Severity)), problem.Place(), problem.Message)
			if problem.Hint != "" {
				fmt.Fprintf(out, "          hint: %s\n", problem.Hint)
			}
		}
		if len(one.Problems) == 0 {
			fmt.Fprintln(out, "  no problems")
		}
	}
}

// labNeeds shows what a lab takes to run.
func labNeeds(out io.Writer, one format.Report) {
	row := func(name, value string) { fmt.Fprintf(out, "  %-10s %s\n", name, value) }
	steps := fmt.Sprintf("%d", one.Steps)
	if one.Points > 0 {
		steps += fmt.Sprintf(", %d points", one.Points)
	}
	row("steps", steps)
	row("languages", strings.Join(one.Languages, ", "))
	needs := one.Needs
	if needs.Cluster != "" {
		row("cluster", needs.Cluster)
	}
	switch {
	case !needs.Offline:
		row("offline", "no: it uses the Internet")
	case len(needs.Images) > 0:
		row("offline", "yes, with its images in the nodes: kindctl load")
	default:
		row("offline", "yes")
	}
	if len(needs.Images) > 0 {
		row("images", strings.Join(needs.Images, ", "))
	}
	if len(needs.Ports) > 0 {
		var ports []string
		for _, port := range needs.Ports {
			ports = append(ports, fmt.Sprintf("%d of host %d", port.Number, port.Host))
		}
		row("ports", strings.Join(ports, ", "))
	}
	if needs.SSH {
		row("ssh", "yes")
	}
	if needs.VM {
		row("machine", "a kernel of its own, which nodes do not have")
	}
	if len(needs.Tools) > 0 {
		row("lacks", strings.Join(needs.Tools, ", "))
	}
}

// LabErrors counts what keeps labs from running.
func LabErrors(reports []format.Report) (count int) {
	for _, one := range reports {
		count += len(format.Errors(one.Problems))
	}
	return count
}
