//go:build faults

package faults

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes the document out of what was seen.
func write(t *testing.T, path string, found []seen) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Faults

<!-- Written by "make test-faults". -->

Each fault was put into a healthy cluster of one control plane and two workers on two cores. Each time exactly the named check turned red, what depends on it was blocked and named the check before it, and after healing everything was green again. Seconds count from the start of the verification.

| Check | Fault | Cluster | Seconds | Blocked | Cause, as shown | Hint |
|---|---|---|--:|--:|---|---|
`)
	for _, s := range found {
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f | %d | %s | %s |\n", s.check, s.what, strings.TrimPrefix(s.cluster, "faults-"),
			s.detected.Round(100*time.Millisecond).Seconds(), s.blocked, cell(s.cause), cell(s.hint))
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
