package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The cells by which the rows of the two tables are told apart.
const cellCNI, cellGroup = 0, 1

// page is what docs/conformance.md says: a row for each group of specs that was
// run with a CNI, and a row for each spec that did not pass.
type page struct {
	groups, specs [][]string
	origins       []string // of the images
}

const (
	groupsHead = "| CNI | Group | Specs | Passed | Failed | Cannot run here | Not finished | Minutes of specs | Date | Commit | Kubernetes |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|---|---|---|\n"
	specsHead   = "| CNI | Group | Spec | Outcome | Reason |\n|---|---|---|---|---|\n"
	originsHead = "| Image | Made of |\n|---|---|\n"
)

// rows returns the cells of the table below head in a text.
func rows(text, head string) (table [][]string) {
	_, below, _ := strings.Cut(text, head)
	for line := range strings.Lines(below) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "| ")
		if !ok {
			break
		}
		table = append(table, strings.Split(strings.TrimSuffix(line, " |"), " | "))
	}
	return table
}

func parse(text string) page {
	return page{groups: rows(text, groupsHead), specs: rows(text, specsHead)}
}

// put replaces what the page says of the groups that were run with a CNI.
func (p *page) put(cni string, specs []spec, date time.Time, commit, kubernetes string) {
	byGroup := map[string][]spec{}
	for _, s := range specs {
		byGroup[s.group()] = append(byGroup[s.group()], s)
	}
	old := func(row []string) bool { return row[cellCNI] == cni && byGroup[row[cellGroup]] != nil }
	p.groups, p.specs = slices.DeleteFunc(p.groups, old), slices.DeleteFunc(p.specs, old)
	for group, specs := range byGroup {
		count, took := map[outcome]int{}, time.Duration(0)
		for _, s := range specs {
			count[s.outcome()]++
			took += s.RunTime
			if s.outcome() != passed {
				p.specs = append(p.specs, []string{cni, group, cell(s.name()), string(s.outcome()), cell(s.reason())})
			}
		}
		row := []string{cni, group}
		for _, n := range []int{len(specs), count[passed], count[failed], count[impossible], count[unfinished]} {
			row = append(row, fmt.Sprint(n))
		}
		p.groups = append(p.groups, append(row, fmt.Sprintf("%.0f", took.Minutes()), date.Format(time.DateOnly), commit, kubernetes))
	}
	slices.SortFunc(p.groups, slices.Compare)
	slices.SortFunc(p.specs, func(a, b []string) int {
		return cmp.Or(slices.Compare(a[:cellGroup+1], b[:cellGroup+1]), slices.Compare(a, b))
	})
}

// cell makes text fit into a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

func (p page) String() string {
	var b strings.Builder
	b.WriteString(`# Conformance

<!-- Written by "make test-conformance". -->

Kubernetes' own end-to-end tests, of the same version as the cluster, as far as they are marked [Conformance]: those that every Kubernetes has to pass. "make test-conformance" compiles them from the Kubernetes module, makes a cluster of one control plane and two workers with each CNI, and runs them. This is no certification: some of the images below stand in for the original ones, which come from a registry.

A row counts the specs of one group on one cluster; groups that have no row were not run. "Cannot run here" are specs that fail for a reason that lies in the images or in the machine, not in the cluster.

`)
	table(&b, groupsHead, p.groups)
	b.WriteString("\n## Specs that did not pass\n\n")
	switch {
	case len(p.groups) == 0:
		b.WriteString("None has been run yet.\n")
	case len(p.specs) == 0:
		b.WriteString("None.\n")
	default:
		table(&b, specsHead, p.specs)
	}
	b.WriteString("\n## Images that stand in\n\nThe probe image, agnhost, is the one of the node image: see [images.md](images.md).\n\n")
	b.WriteString(originsHead)
	for _, line := range p.origins {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func table(b *strings.Builder, head string, rows [][]string) {
	b.WriteString(head)
	for _, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
}
