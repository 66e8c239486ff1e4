package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/verify"
)

// verdicts is a report with every outcome and every kind of detail.
func verdicts() verify.Report {
	return verify.Report{
		Cluster:    "kind-lab",
		RunID:      "abc",
		Started:    time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Duration:   21 * time.Second,
		Discovered: true,
		Results: []verify.Result{
			{
				ID:       "etcd.members",
				Group:    "etcd",
				Title:    "All members agree",
				Outcome:  verify.Pass,
				Attempts: 1,
				Started:  time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
				Duration: 1200 * time.Millisecond,
				Evidence: verify.Evidence{"etcd-1: 3 members", "etcd-2: 3 members"},
			},
			{
				ID:       "node.taint",
				Group:    "node",
				Title:    "Control planes keep pods away",
				Outcome:  verify.Fail,
				Cause:    "lab-control-plane has no taint\nlab-control-plane2 has no taint",
				Hint:     "kubectl taint node ...\nkubectl get nodes",
				Attempts: 7,
				Duration: 30 * time.Second,
				Evidence: verify.Evidence{"canary on lab-control-plane"},
				Nodes: []verify.NodeResult{
					{Node: "lab-control-plane", Outcome: verify.Fail, Cause: "has no taint"},
					{Node: "lab-control-plane2", Outcome: verify.Fail, Cause: "has no taint"},
					{Node: "lab-worker", Outcome: verify.Pass},
				},
			},
			{
				ID:       "etcd.quorum",
				Group:    "etcd",
				Title:    "A quorum",
				Outcome:  verify.Error,
				Cause:    "forbidden: create pods/exec",
				Hint:     "ask for the right",
				Attempts: 1,
			},
			{
				ID:        "net.pods",
				Group:     "network",
				Title:     "Pods reach each other",
				Outcome:   verify.Blocked,
				BlockedBy: "node.taint",
				Cause:     "needs node.taint, which did not pass",
				Hint:      "not shown",
			},
			{ID: "cil.kpr", Group: "cilium", Title: "In kube-proxy's place", Outcome: verify.Skip, Cause: "kube-proxy does the work"},
			{
				ID:       "dns.latency",
				Group:    "dns",
				Title:    "Names resolve fast",
				Outcome:  verify.Warn,
				Cause:    "p95 is 300 ms",
				Hint:     "look at the load",
				Attempts: 2,
				Duration: time.Second,
			},
		},
	}
}

func TestTable(t *testing.T) {
	for name, options := range map[string]TableOptions{
		"table.txt": {}, "table-evidence.txt": {Evidence: true}, "table-color.txt": {Evidence: true, Style: console.Style{Color: true}},
	} {
		var out bytes.Buffer
		Table(&out, verdicts(), options)
		golden.Check(t, "testdata/"+name, out.Bytes())
	}
}

func TestVerdict(t *testing.T) {
	var out bytes.Buffer
	if err := Verdict(&out, verdicts()); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.json", out.Bytes())
}
