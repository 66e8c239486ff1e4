//go:build faults

package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// write puts what was seen of one fault into the document, and keeps the rows
// of the others.
func write(t *testing.T, path string, s seen) {
	t.Helper()
	earlier, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(earlier)) {
		if id, is := rowOf(line); is {
			rows[id] = line
		}
	}
	rows[s.check] = fmt.Sprintf("| %s | %s | %s | %.1f | %d | %s | %s |\n", s.check, s.what, strings.TrimPrefix(s.cluster, "faults-"),
		s.detected.Round(100*time.Millisecond).Seconds(), s.blocked, cell(s.cause), cell(s.hint))
	var b strings.Builder
	b.WriteString(`# Faults

<!-- Written by "make test-faults". -->

Each fault was put into a healthy cluster of one control plane and two workers on two cores. Each time exactly the named check turned red (those of certificates and latency warn), what depends on it was blocked and named the check before it, and after healing everything was green again. Seconds count from the start of the verification to the verdict.

| Check | Fault | Cluster | Seconds | Blocked | Cause, as shown | Hint |
|---|---|---|--:|--:|---|---|
`)
	var missing []string
	for _, stage := range stages {
		for _, f := range stage.faults {
			b.WriteString(rows[f.check])
			if rows[f.check] == "" {
				missing = append(missing, f.check)
			}
		}
	}
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
		fmt.Fprintf(&b, "| %s | %s | %s in %s |\n", id, replayed[id].why, replayed[id].test, replayed[id].pkg)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rowOf returns the check of a row of the table of live faults.
func rowOf(line string) (id string, is bool) {
	cells := strings.Split(strings.ReplaceAll(line, "\\|", ""), "|")
	if len(cells) != 9 || !strings.Contains(cells[1], ".") {
		return "", false
	}
	return strings.TrimSpace(cells[1]), true
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
