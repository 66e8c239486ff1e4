package instant

import (
	"bytes"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/test/bench/compare"
	"github.com/kindctl/kindctl/test/bench/lab"
)

// measured has a take that was not green, one that failed, and commands beside the pool.
func measured() *Result {
	daemons := 0.5
	spent := func(seconds, nodes float64) lab.Spent {
		return lab.Spent{Seconds: seconds, CPU: compare.CPU{Nodes: nodes, Daemons: &daemons, Client: 0.5}}
	}
	return &Result{SchemaVersion: SchemaVersion, Started: time.Unix(0, 0).UTC(), Nodes: 3, Cases: []*Case{
		{
			CNI: "calico", ProxyMode: "iptables",
			Takes: []Take{
				{Spent: spent(3, 4), Verified: true},
				{Spent: spent(5, 6), Error: "a check failed\nwith more lines"},
				{Error: "the pool is empty"},
			},
			Frozen: &Frozen{CPUPerMinute: 0.25, Nodes: 3, MemoryBytes: 3 << 29},
			Commands: []Command{
				{Name: "up", Runs: []Run{{Spent: spent(40, 60)}, {Spent: spent(44, 64)}}},
				{Name: "reset", Runs: []Run{{Spent: spent(21, 30)}, {Error: "interrupted"}}},
			},
			ArchiveBytes: 48_500_000,
		},
		{CNI: "calico", ProxyMode: "nftables", Takes: []Take{{Spent: spent(2, 3), Verified: true}}},
	}}
}

func TestWrite(t *testing.T) {
	var table bytes.Buffer
	WriteTable(&table, measured(), "a machine")
	golden.Check(t, "testdata/table.txt", table.Bytes())
	golden.Check(t, "testdata/section.md", []byte(Section(measured(), "a machine")))
}

func TestFailures(t *testing.T) {
	if failures := measured().Failures(); len(failures) != 3 {
		t.Errorf("there are %d failures: %q", len(failures), failures)
	}
}
