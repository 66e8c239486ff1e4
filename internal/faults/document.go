package faults

import (
	"fmt"
	"io"
	"strings"
)

const documentHead = `# Incidents

<!-- Written from the catalog: go test ./internal/faults -run TestDocument -update -->

` + "`kindctl break`" + ` breaks a cluster on purpose and does not say how: for practice, for game days, for interviews, and for programs that find faults. ` + "`kindctl verify`" + ` shows what does not work, and when all is fixed: each incident turns exactly one check red; what depends on that is blocked.

` + "```" + `console
$ kindctl up -n lab --workers 2 --snapshot
$ kindctl break -n lab --level easy
$ kindctl verify -n lab                # what does not work
$ kindctl break hint -n lab            # three for each incident; the score counts them
$ kindctl break score -n lab           # time to the first verification that passed, hints, what else broke
$ kindctl break heal -n lab            # undoes what is left, and ends the incident
` + "```" + `

- ` + "`break list`" + ` lists the incidents that fit a cluster, with their levels. The choice is random, or follows ` + "`--seed`" + `, so that a class or a benchmark gets the same ones. ` + "`--count`" + ` injects several whose effects can all be seen.
- ` + "`break`" + ` ends once a verification has seen the incidents, and the time runs from then. An incident that does not show, because the cluster was not healthy for example, is healed again.
- What was broken, and what heals it, is in a sealed record in the nodes, written before anything is changed. The seal prevents reading it by accident. It is no protection against someone who wants to know, because its key is in the source. ` + "`kindctl status`" + ` says that a cluster is broken, and ` + "`break reveal`" + ` says by what.
- ` + "`break heal`" + ` works from the record, also after a ` + "`break`" + ` that was killed. ` + "`kindctl reset`" + ` goes back to a snapshot from before, whatever was done since.
- For incidents that break an application, ` + "`break`" + ` deploys one, the shop, in the namespace ` + "`shop`" + `: a front on every node asks a back through a Service by its name, a policy lets no one else do so, and orders are kept in a volume. As long as it is there, ` + "`verify`" + ` has checks for it. ` + "`break heal`" + ` removes it.
- Clusters that kindctl did not make are refused.
- Levels: easy is what ` + "`kubectl get`" + ` and ` + "`describe`" + ` show; medium takes logs, configurations, or a comparison; hard takes a look into a node or at packets.

**The rest of this page is for teachers: it has the cause and the remedy of each incident.**
`

// Document writes the page of incidents for teachers, as Markdown.
func Document(out io.Writer) error {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, level := range Levels {
		fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(string(level[:1]))+string(level[1:]))
		for _, f := range Incidents() {
			if f.Story.Level == level {
				f.document(&b)
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (f Fault) document(b *strings.Builder) {
	takes := f.Needs.String()
	if takes != "" {
		takes = " Takes " + takes + "."
	}
	if f.Story.Shop {
		takes += " With the shop."
	}
	fmt.Fprintf(b, "\n### %s\n\nFound by [%s](checks.md).%s\n\n", f.ID, f.Check, takes)
	for _, part := range [][2]string{
		{"What was done", upperFirst(f.What) + "."}, {"Seen", f.Story.Symptom}, {"Where to look", f.Story.Look},
		{"Teaches", f.Story.Lesson}, {"Heals", f.Story.Repair},
	} {
		fmt.Fprintf(b, "- %s: %s\n", part[0], part[1])
	}
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
