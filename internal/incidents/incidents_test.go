package incidents

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/internal/shop"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

var lab = verify.Expectation{ControlPlanes: 1, Workers: 2, CNI: "calico", ProxyMode: "iptables", IPFamily: "ipv4"}

func allChecks() []verify.Check { return verify.Join(checks.Core(), shop.Checks()) }

func ids(chosen []faults.Fault) (names []string) {
	for _, f := range chosen {
		names = append(names, f.ID)
	}
	return names
}

func TestChoiceIsRepeatable(t *testing.T) {
	found := map[string]bool{}
	for seed := range uint64(40) {
		first, err := choose(Choice{Count: 1, Seed: seed}, lab, allChecks())
		if err != nil {
			t.Fatal(err)
		}
		again, err := choose(Choice{Count: 1, Seed: seed}, lab, allChecks())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids(first), ids(again)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		found[first[0].ID] = true
	}
	if len(found) < 10 {
		t.Errorf("40 seeds come to %d incidents only", len(found))
	}
}

// TestChosenDoNotHideEachOther wants no check of an incident to come before that of another.
func TestChosenDoNotHideEachOther(t *testing.T) {
	before := transitive(allChecks())
	for seed := range uint64(100) {
		chosen, err := choose(Choice{Count: 3, Seed: seed}, lab, allChecks())
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range chosen {
			for _, b := range chosen[i+1:] {
				if before[a.Check][b.Check] || before[b.Check][a.Check] || a.Part() == b.Part() {
					t.Errorf("seed %d: %s and %s hide each other", seed, a.ID, b.ID)
				}
			}
		}
	}
	if !before["shop.spread"]["kubelet.alive"] {
		t.Error("the shop's checks do not come after those of the nodes")
	}
}

func TestChoice(t *testing.T) {
	tests := []struct {
		name   string
		choice Choice
		want   []string // among the IDs, sorted; nil with an error
		reason string
	}{
		{"named", Choice{Only: []string{"endpointslice-rights", "taint-lost"}, Count: 2}, []string{"endpointslice-rights", "taint-lost"}, ""},
		{"unknown", Choice{Only: []string{"scheduler-gon"}, Count: 1}, nil, "INCIDENT_UNKNOWN"},
		{"of another CNI", Choice{Only: []string{"agent-frozen"}, Count: 1}, nil, "NO_INCIDENT"},
		{"hiding each other", Choice{Only: []string{"kubelet-frozen", "one-way-pods"}, Count: 2}, nil, "NO_INCIDENT"},
		{"one part twice", Choice{Only: []string{"dns-forward", "dns-namespaces"}, Count: 2}, nil, "NO_INCIDENT"},
		{"too many", Choice{Count: 50}, nil, "NO_INCIDENT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chosen, err := choose(tt.choice, lab, allChecks())
			if hint.ReasonOf(err) != tt.reason {
				t.Fatalf("%v, want %q", err, tt.reason)
			}
			got := ids(chosen)
			slices.Sort(got)
			if tt.reason == "" && !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	for seed := range uint64(20) {
		chosen, err := choose(Choice{Levels: []faults.Level{faults.Hard}, Count: 1, Seed: seed}, lab, allChecks())
		if err != nil {
			t.Fatal(err)
		}
		if chosen[0].Story.Level != faults.Hard {
			t.Errorf("%s is %s", chosen[0].ID, chosen[0].Story.Level)
		}
	}
}

func TestSeal(t *testing.T) {
	r := &Record{Format: recordFormat, Seed: 7, Began: time.Now().UTC().Round(0), Incidents: []Incident{{ID: "scheduler-gone", Undo: faults.Undo{"manifest": "kube-scheduler"}}}}
	sealed, err := r.seal()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"scheduler", "Incidents", "manifest"} {
		if bytes.Contains(sealed, []byte(word)) {
			t.Errorf("the record has the word %q", word)
		}
	}
	got, err := unseal(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
	sealed[len(sealed)-1]++
	if _, err := unseal(sealed); err == nil {
		t.Error("a record that was changed is read")
	}
	if _, err := unseal([]byte("x")); err == nil {
		t.Error("a record that was truncated is read")
	}
}

func TestNote(t *testing.T) {
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r := &Record{Incidents: []Incident{{ID: "scheduler-gone"}, {ID: "taint-lost"}}, Red: []string{"sched.leader", "node.taint"}}
	look := func(minute int, results ...verify.Result) {
		r.Note(verify.Report{Results: append(results, verify.Result{ID: "api.ready", Outcome: verify.Pass})}, start.Add(time.Duration(minute)*time.Minute))
	}
	look(1, verify.Result{ID: "sched.leader", Outcome: verify.Fail}, verify.Result{ID: "net.pods", Outcome: verify.Fail}, verify.Result{ID: "svc.clusterip", Outcome: verify.Blocked})
	look(2, verify.Result{ID: "sched.leader", Outcome: verify.Pass}, verify.Result{ID: "node.taint", Outcome: verify.Warn})
	if !r.Green.IsZero() {
		t.Error("it is green while a check of an incident warns")
	}
	look(3, verify.Result{ID: "sched.leader", Outcome: verify.Pass}, verify.Result{ID: "node.taint", Outcome: verify.Pass}, verify.Result{ID: "dns.latency", Outcome: verify.Warn})
	look(4, verify.Result{ID: "sched.leader", Outcome: verify.Pass})
	if want := start.Add(3 * time.Minute); !r.Green.Equal(want) {
		t.Errorf("green at %v, want %v", r.Green, want)
	}
	if diff := cmp.Diff([]string{"net.pods"}, r.Others); diff != "" || r.Verifications != 4 {
		t.Errorf("%d verifications: %s", r.Verifications, diff)
	}
}
