package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/internal/report"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// measured is a benchmark with everything that there can be: two numbers of nodes,
// a run that failed, and measures that are not known.
func measured() *compare.Result {
	began := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	load := 0.05
	trial := func(arm string, round int, done, finish float64) compare.Trial {
		daemons, machine := finish/20, finish*1.9
		return compare.Trial{Arm: arm, Round: round, Started: began.Add(time.Duration(round) * time.Minute), Measures: compare.Measures{
			Done: done, Finish: finish,
			CPU: compare.CPU{Nodes: finish, Daemons: &daemons, Client: 2.5, Machine: &machine}, PeakMemory: int64(finish) << 26}}
	}
	unseen := trial("kindctl", 1, 38, 42)
	unseen.CPU.Daemons, unseen.CPU.Machine, unseen.PeakMemory = nil, nil, 0
	failed := compare.Trial{Arm: "stock", Round: 2, Started: began, Error: "an arm failed: exit status 4\n| no node |"}
	arms := []compare.Settings{{Arm: "stock", Settings: []string{"kind's library", "the manifest <unchanged>"}}, {Arm: "kindctl", Settings: []string{"kindctl up"}}}
	r := &compare.Result{
		SchemaVersion: compare.SchemaVersion, Started: began,
		Machine: compare.Machine{Kindctl: "v1.2.3", Docker: "28.0.0", Architecture: "amd64", CPUs: 2, MemoryBytes: 8 << 30, Cgroup: 1, Load: &load},
		Cases: []*compare.Case{
			{CNI: "calico", Nodes: 1, Image: "node:calico", Arms: arms, Runs: []compare.Trial{
				trial("stock", 0, 70, 80), trial("kindctl", 0, 30, 35), trial("kindctl", 1, 20, 24), trial("stock", 1, 40, 48)}},
			{CNI: "calico", Nodes: 3, Image: "node:calico", Arms: arms, Runs: []compare.Trial{
				trial("stock", 0, 90, 99), trial("kindctl", 0, 40, 44), unseen, trial("stock", 1, 70, 78), failed, trial("kindctl", 2, 36, 40)}},
			{CNI: "cilium", Nodes: 3, Image: "node:cilium", Arms: arms, Runs: []compare.Trial{trial("stock", 0, 90, 99)}},
		},
	}
	r.Summarize()
	return r
}

func TestForms(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"bench.txt":     func(out *bytes.Buffer) error { writeTable(out, measured()); return nil },
		"bench.go.txt":  func(out *bytes.Buffer) error { writeGo(out, measured()); return nil },
		"bench.json":    func(out *bytes.Buffer) error { return report.JSON(out, measured()) },
		"bench.page.md": func(out *bytes.Buffer) error { out.WriteString(putInto("# Page\n", measured())); return nil },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name, out.Bytes())
	}
}

// TestJSON: what is written can be read again, with nothing lost.
func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := report.JSON(&out, measured()); err != nil {
		t.Fatal(err)
	}
	var back compare.Result
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(measured(), &back); diff != "" {
		t.Errorf("what was written, read again (-want +got):\n%s", diff)
	}
}

// goBenchmark is a result line as golang.org/design/14313-benchmark-format has it.
var goBenchmark = regexp.MustCompile(`^Benchmark[^a-z\s]\S* [1-9]\d*( [\d.e+]+ \S+)+$`)

// TestGo: benchstat takes lines with a benchmark or with "key: value", and
// passes over all others.
func TestGo(t *testing.T) {
	var out bytes.Buffer
	writeGo(&out, measured())
	runs := 0
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		switch key, _, is := strings.Cut(line, ": "); {
		case goBenchmark.MatchString(line):
			runs++
		case !is || key != strings.ToLower(key) || strings.ContainsAny(key, " \t"):
			t.Errorf("benchstat would not read %q", line)
		}
	}
	if runs != 5 {
		t.Errorf("%d runs are told, want the 5 that count", runs)
	}
}

func TestPage(t *testing.T) {
	r := measured()
	once := putInto("# Title\n\nText.\n", r)
	if twice := putInto(once, r); twice != once {
		t.Errorf("a page that has the tables is changed by the same ones (-want +got):\n%s", cmp.Diff(once, twice))
	}
	page := "# Title\n\n<!-- bench cilium: begin -->\nold\n<!-- bench cilium: end -->\n\nBetween.\n\n<!-- bench calico: begin -->\n<!-- bench calico: end -->\n\nAfter.\n"
	got := putInto(page, r)
	for _, want := range []string{"# Title\n\n<!-- bench cilium: begin -->\n", "<!-- bench cilium: end -->\n\nBetween.\n\n<!-- bench calico: begin -->\n", "<!-- bench calico: end -->\n\nAfter.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has lost %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old") || strings.Count(got, "bench cilium: begin") != 1 {
		t.Errorf("the old table is still there:\n%s", got)
	}
	only := *r
	only.Cases = r.Cases[:1]
	if kept := putInto(page, &only); !strings.Contains(kept, "old") {
		t.Error("the tables of a CNI that was not measured are gone")
	}
	if fresh := putInto("", r); !strings.HasPrefix(fresh, "<!-- bench calico: begin -->") {
		t.Errorf("an empty page becomes %.60q", fresh)
	}
}
