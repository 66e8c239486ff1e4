package main

import (
	"encoding/xml"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestDraw(t *testing.T) {
	got := draw("$ kindctl up", []line{
		{100 * time.Millisecond, "• [preflight] Check the host"},
		{300 * time.Millisecond, "✓ [preflight] Check the host: Docker <28>, amd64"},
		{400 * time.Millisecond, "• [init] Initialize the control plane (about 12s)"},
		{5 * time.Second, "  init: kubeadm init on kind-control-plane"},
		{12 * time.Second, "✓ [init] Initialize the control plane (12s)"},
		{12 * time.Second, "! a warning"},
		{12 * time.Second, "    hint: what to do"},
		{13 * time.Second, "Cluster kind is up and verified after 13s."},
	})
	if err := xml.Unmarshal(got, new(struct{})); err != nil {
		t.Errorf("it is no XML: %v", err)
	}
	const golden = "testdata/up.svg"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestArrange wants a line that passes to end when the next one comes, in its place.
func TestArrange(t *testing.T) {
	rows := arrange("$ x", []line{{1, "• [a] A"}, {2, "  a: half"}, {3, "✓ [a] A: done"}, {4, "    hint: b"}})
	var got []string
	for _, r := range rows {
		got = append(got, strings.TrimSpace(strings.Join([]string{r.at.String(), r.until.String(), string(rune('0' + r.number)), r.text}, " ")))
	}
	want := []string{"0s 0s 0 $ x", "1ns 2ns 1 • [a] A", "2ns 3ns 1   a: half", "3ns 0s 1 ✓ [a] A: done", "4ns 0s 2     hint: b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecord(t *testing.T) {
	lines, err := record([]string{"sh", "-c", "echo one; echo - skipped; echo two >&2"})
	if err != nil || len(lines) != 2 || lines[0].text != "one" || lines[1].text != "two" {
		t.Errorf("recorded %v, %v", lines, err)
	}
	if _, err := record([]string{"false"}); err == nil {
		t.Error("a command that failed is recorded as if it had not")
	}
}
