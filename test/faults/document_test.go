//go:build faults

package faults

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

// The cells of the two tables that are carried over, by their places.
const (
	headCluster, headDate, headCommit, headCells               = 0, 2, 3, 7
	rowCheck, rowCluster, rowRun, rowCells, rowCellsOnceBefore = 0, 2, 7, 8, 7
)

// document is what docs/faults.md says of live faults: for each stage the run
// that was the last, and a row for each fault.
type document struct {
	heads map[string][]string // by stage
	rows  map[string][]string // by stage and check
}

func place(stage, check string) string { return stage + "/" + check }

// write puts what was seen of one fault into the document, and keeps the rows
// of the others. Several processes may write in turn.
func write(t *testing.T, path string, head []string, s seen) {
	t.Helper()
	lock := flock.New(path, flock.SetPermissions(0o644))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	earlier, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := read(string(earlier))
	d.put(head, []string{s.check, s.what, s.stage, fmt.Sprintf("%.1f", s.detected.Round(100*time.Millisecond).Seconds()),
		fmt.Sprint(s.blocked), cell(s.cause), cell(s.hint), ""})
	if err := os.WriteFile(path, []byte(d.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// put adds a row of a run. When it is another run than the stage's last one, the
// stage's rows so far say from which run they are.
func (d document) put(head, row []string) {
	stage := row[rowCluster]
	if last := d.heads[stage]; !slices.Equal(last, head) {
		for _, kept := range d.rows {
			if kept[rowCluster] == stage && kept[rowRun] == "" {
				kept[rowRun] = last[headDate] + ", " + last[headCommit]
			}
		}
	}
	d.heads[stage], d.rows[place(stage, row[rowCheck])] = head, row
}

// read reads the document's tables. Rows of a time when documents had no head
// are from a run of which no more is known.
func read(text string) document {
	d := document{map[string][]string{}, map[string][]string{}}
	for line := range strings.Lines(text) {
		cells := cellsOf(line)
		switch {
		case len(cells) == headCells && isStage(cells[headCluster]):
			d.heads[cells[headCluster]] = cells
		case len(cells) == rowCellsOnceBefore && isStage(cells[rowCluster]):
			cells = append(cells, "not known")
			fallthrough
		case len(cells) == rowCells && isStage(cells[rowCluster]):
			d.rows[place(cells[rowCluster], cells[rowCheck])] = cells
		}
	}
	for _, row := range d.rows {
		if row[rowRun] == "" && d.heads[row[rowCluster]] == nil {
			row[rowRun] = "not known"
		}
	}
	return d
}

func isStage(name string) bool {
	return slices.ContainsFunc(stages, func(s stage) bool { return s.name == name })
}

// cellsOf returns the cells of a line of a table.
func cellsOf(line string) (cells []string) {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, bar)
	inner, is := strings.CutPrefix(line, "|")
	if !is {
		return nil
	}
	for text := range strings.SplitSeq(strings.TrimSuffix(inner, "|"), "|") {
		cells = append(cells, strings.ReplaceAll(strings.TrimSpace(text), bar, `\|`))
	}
	return cells
}

// String writes the document, in the order of the stages and their faults.
func (d document) String() string {
	var heads, rows, missing []string
	for _, stage := range stages {
		if head := d.heads[stage.name]; head != nil {
			heads = append(heads, lineOf(head))
		}
		for _, f := range stage.faults {
			if row := d.rows[place(stage.name, f.check)]; row != nil {
				rows = append(rows, lineOf(row))
			} else {
				missing = append(missing, f.check+" ("+stage.name+")")
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Faults

<!-- Written by "make test-faults". -->

Each fault was put into a healthy cluster of one control plane and one or two workers. Each time exactly the named check turned red (those of certificates and latency warn, and so does what somebody may have wanted: what differs from what was asked for is named, with the commands to accept and to undo it), what depends on it was blocked and named the check before it, and after healing everything was green again.

The last run on each cluster:

| Cluster | Made with | Date | Commit | Kubernetes | CNI | CPUs |
|---|---|---|---|---|---|--:|
%s
Seconds count from the start of the verification to the verdict. A row that names a run was kept from that one, because the last run did not come to its fault, or did not show it.

| Check | Fault | Cluster | Seconds | Blocked | Cause, as shown | Hint | Kept from |
|---|---|---|--:|--:|---|---|---|
%s`, strings.Join(heads, ""), strings.Join(rows, ""))
	if len(missing) > 0 {
		fmt.Fprintf(&b, "\nNot shown yet: %s.\n", strings.Join(missing, ", "))
	}
	b.WriteString(`
## Replayed

These faults no live cluster of this kind shows. They are replayed from recorded or written responses.

| Check | Why | Test |
|---|---|---|
`)
	for _, id := range slices.Sorted(maps.Keys(replayed)) {
		b.WriteString(lineOf([]string{id, replayed[id].why, replayed[id].test + " in " + replayed[id].pkg}))
	}
	return b.String()
}

func lineOf(cells []string) string {
	return strings.ReplaceAll("| "+strings.Join(cells, " | ")+" |\n", "|  |", "| |")
}

// head says which run this is: on what, of which commit, and of which versions.
func (c *cluster) head(s stage) []string {
	c.Helper()
	image := c.kubectl("-n kube-system get daemonset " + s.agent + " -o jsonpath='{.spec.template.spec.containers[0].image}'")
	name, _, _ := strings.Cut(image, "@")
	version := c.kubectl("get nodes -o jsonpath='{.items[0].status.nodeInfo.kubeletVersion}'")
	return []string{s.name, "`" + strings.Join(s.up, " ") + "`", time.Now().UTC().Format(time.DateOnly), commit(c.T), version,
		s.agent + " " + name[strings.LastIndex(name, ":")+1:], fmt.Sprint(runtime.NumCPU())}
}

// commit describes the commit under test, and tells whether there are changes
// beside it, other than those of the document itself.
func commit(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	name := git("describe", "--always", "--abbrev=10")
	if git("status", "--porcelain", "--", ":/", ":(exclude,top)docs/faults.md") != "" {
		name += " with changes"
	}
	return name
}

// longest is the number of characters of a cause that the table shows.
const longest = 240

// cell makes a text fit into a table.
func cell(text string) string {
	text = strings.NewReplacer("\n", "; ", "|", "\\|").Replace(text)
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

func TestDocumentTellsRunsApart(t *testing.T) {
	head := func(stage, date, commit string) []string {
		return []string{stage, "`--cni`", date, commit, "v1", "agent v2", "2"}
	}
	row := func(check, stage, cause, run string) []string {
		return []string{check, "what", stage, "1.0", "0", cause, "hint", run}
	}
	d := read("| proxy.rules | what | calico | 1.0 | 0 | old | hint |\n")
	d.put(head("calico", "2026-01-01", "a"), row("svc.spread", "calico", `x \| y`, ""))
	d.put(head("nftables", "2026-01-01", "a"), row("svc.spread", "nftables", "n", ""))
	d = read(d.String())
	d.put(head("calico", "2026-01-02", "b"), row("net.pods", "calico", "z", ""))
	d = read(d.String())
	want := document{
		map[string][]string{"calico": head("calico", "2026-01-02", "b"), "nftables": head("nftables", "2026-01-01", "a")},
		map[string][]string{
			"calico/proxy.rules":  row("proxy.rules", "calico", "old", "not known"),
			"calico/svc.spread":   row("svc.spread", "calico", `x \| y`, "2026-01-01, a"),
			"calico/net.pods":     row("net.pods", "calico", "z", ""),
			"nftables/svc.spread": row("svc.spread", "nftables", "n", ""),
		},
	}
	if diff := cmp.Diff(want, d, cmp.AllowUnexported(document{})); diff != "" {
		t.Error(diff)
	}
}
