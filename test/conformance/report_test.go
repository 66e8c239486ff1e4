package conformance

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const report = `[{"SpecReports": [
 {"ContainerHierarchyTexts": ["[sig-network] DNS"], "LeafNodeText": "should answer [Conformance]", "LeafNodeType": "It", "State": "passed", "RunTime": 60000000000},
 {"ContainerHierarchyTexts": ["[sig-network] HostPort"], "LeafNodeText": "validates [Conformance]", "LeafNodeType": "It", "State": "failed",
  "RunTime": 1000, "Failure": {"Message": "a | b\n  c"}},
 {"ContainerHierarchyTexts": ["[sig-node] Pods"], "LeafNodeText": "left out", "LeafNodeType": "It", "State": "skipped"},
 {"ContainerHierarchyTexts": ["[sig-node] Pods"], "LeafNodeText": "skips itself", "LeafNodeType": "It", "State": "skipped", "Failure": {"Message": "no node"}},
 {"ContainerHierarchyTexts": ["[sig-node] Pods"], "LeafNodeText": "cut off", "LeafNodeType": "It", "State": "interrupted"},
 {"LeafNodeType": "SynchronizedBeforeSuite", "State": "failed", "Failure": {"Message": "no cluster"}},
 {"LeafNodeType": "SynchronizedAfterSuite", "State": "passed"}
]}]`

func reported(t *testing.T) []spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	specs, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	return specs
}

func TestReport(t *testing.T) {
	var got []string
	for _, s := range reported(t) {
		got = append(got, s.group()+": "+s.name()+": "+string(s.outcome())+": "+s.reason())
	}
	want := []string{
		"sig-network: [sig-network] DNS should answer [Conformance]: passed: ",
		"sig-network: [sig-network] HostPort validates [Conformance]: failed: a | b c",
		"sig-node: [sig-node] Pods skips itself: failed: no node",
		"sig-node: [sig-node] Pods cut off: not finished: ",
		"none: : failed: no cluster",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPageKeepsWhatWasNotRun(t *testing.T) {
	day := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	specs := reported(t)
	var p page
	p.put("cilium", specs, day, "abc", "v1")
	p.put("calico", specs[:2], day, "abc", "v1")
	again := parse(p.String())
	if diff := cmp.Diff(p.String(), again.String()); diff != "" {
		t.Fatalf("the page that was written is read as another one:\n%s", diff)
	}
	specs[1].State = "passed"
	again.put("cilium", specs[:2], day.AddDate(0, 0, 1), "def", "v1")
	want := [][]string{
		{"calico", "sig-network", "2", "1", "1", "0", "0", "1", "2026-11-29", "abc", "v1"},
		{"cilium", "none", "1", "0", "1", "0", "0", "0", "2026-11-29", "abc", "v1"},
		{"cilium", "sig-network", "2", "2", "0", "0", "0", "1", "2026-11-30", "def", "v1"},
		{"cilium", "sig-node", "2", "0", "1", "0", "1", "0", "2026-11-29", "abc", "v1"},
	}
	if diff := cmp.Diff(want, again.groups); diff != "" {
		t.Error(diff)
	}
	if len(again.specs) != 4 || again.specs[0][4] != `a \| b c` {
		t.Errorf("the specs that did not pass are %q", again.specs)
	}
}
