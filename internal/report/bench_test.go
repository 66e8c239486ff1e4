package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/bench"
)

// measured is a benchmark with everything that there can be: two numbers of nodes,
// a run that failed, and measures that are not known.
func measured() *bench.Result {
	began := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	load := 0.05
	trial := func(arm string, round int, done, finish float64) bench.Trial {
		daemons, machine := finish/20, finish*1.9
		return bench.Trial{Arm: arm, Round: round, Started: began.Add(time.Duration(round) * time.Minute), Measures: bench.Measures{
			Done: done, Finish: finish, CPU: bench.CPU{Nodes: finish, Daemons: &daemons, Client: 2.5, Machine: &machine}, PeakMemory: int64(finish) << 26}}
	}
	unseen := trial("kindctl", 1, 38, 42)
	unseen.CPU.Daemons, unseen.CPU.Machine, unseen.PeakMemory = nil, nil, 0
	failed := bench.Trial{Arm: "stock", Round: 2, Started: began, Error: "an arm failed: exit status 4\n| no node |"}
	arms := []bench.Settings{{Arm: "stock", Settings: []string{"kind's library", "the manifest <unchanged>"}}, {Arm: "kindctl", Settings: []string{"kindctl up"}}}
	r := &bench.Result{
		SchemaVersion: bench.SchemaVersion, Started: began,
		Machine: bench.Machine{Kindctl: "v1.2.3", Docker: "28.0.0", Architecture: "amd64", CPUs: 2, MemoryBytes: 8 << 30, Cgroup: 1, Load: &load},
		Cases: []*bench.Case{
			{CNI: "calico", Nodes: 1, Image: "node:calico", Arms: arms, Runs: []bench.Trial{
				trial("stock", 0, 70, 80), trial("kindctl", 0, 30, 35), trial("kindctl", 1, 20, 24), trial("stock", 1, 40, 48)}},
			{CNI: "calico", Nodes: 3, Image: "node:calico", Arms: arms, Runs: []bench.Trial{
				trial("stock", 0, 90, 99), trial("kindctl", 0, 40, 44), unseen, trial("stock", 1, 70, 78), failed, trial("kindctl", 2, 36, 40)}},
			{CNI: "cilium", Nodes: 3, Image: "node:cilium", Arms: arms, Runs: []bench.Trial{trial("stock", 0, 90, 99)}},
		},
	}
	r.Summarise()
	return r
}

func TestBench(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"bench.txt":     func(out *bytes.Buffer) error { Bench(out, measured()); return nil },
		"bench.go.txt":  func(out *bytes.Buffer) error { GoBench(out, measured()); return nil },
		"bench.json":    func(out *bytes.Buffer) error { return JSON(out, measured()) },
		"bench.page.md": func(out *bytes.Buffer) error { out.WriteString(BenchPage("# Page\n", measured())); return nil },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}

// TestBenchJSON: what is written can be read again, with nothing lost.
func TestBenchJSON(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, measured()); err != nil {
		t.Fatal(err)
	}
	var back bench.Result
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(measured(), &back); diff != "" {
		t.Errorf("what was written, read again (-want +got):\n%s", diff)
	}
}

// goBenchmark is a result line as golang.org/design/14313-benchmark-format has it.
var goBenchmark = regexp.MustCompile(`^Benchmark[^a-z\s]\S* [1-9]\d*( [\d.e+]+ \S+)+$`)

// TestGoBench: benchstat takes lines with a benchmark or with "key: value", and
// passes over all others.
func TestGoBench(t *testing.T) {
	var out bytes.Buffer
	GoBench(&out, measured())
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

func TestBenchPage(t *testing.T) {
	r := measured()
	once := BenchPage("# Title\n\nText.\n", r)
	if twice := BenchPage(once, r); twice != once {
		t.Errorf("a page that has the tables is changed by the same ones (-want +got):\n%s", cmp.Diff(once, twice))
	}
	page := "# Title\n\n<!-- bench cilium: begin -->\nold\n<!-- bench cilium: end -->\n\nBetween.\n\n<!-- bench calico: begin -->\n<!-- bench calico: end -->\n\nAfter.\n"
	got := BenchPage(page, r)
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
	if kept := BenchPage(page, &only); !strings.Contains(kept, "old") {
		t.Error("the tables of a CNI that was not measured are gone")
	}
	if fresh := BenchPage("", r); !strings.HasPrefix(fresh, "<!-- bench calico: begin -->") {
		t.Errorf("an empty page becomes %.60q", fresh)
	}
}
