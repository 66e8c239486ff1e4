package compare

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// trial is a run in which the nodes used as many CPU-seconds as it took.
func trial(arm string, round int, finish float64) Trial {
	return Trial{Arm: arm, Round: round, Measures: Measures{Done: finish - 1, Finish: finish, CPU: CPU{Nodes: finish}, PeakMemory: 100}}
}

// failed is one that failed.
func failed(arm string, round int) Trial { return Trial{Arm: arm, Round: round, Error: "no"} }

var twoArms = []Settings{{Arm: "stock"}, {Arm: "kindctl"}}

func TestSummarize(t *testing.T) {
	r := &Result{Machine: Machine{CPUs: 2}, Cases: []*Case{
		{CNI: "calico", Nodes: 3, Arms: twoArms, Runs: []Trial{
			trial("stock", 0, 900), trial("kindctl", 0, 1), // the warm-up
			trial("kindctl", 1, 40), trial("stock", 1, 100),
			trial("stock", 2, 80), trial("kindctl", 2, 40),
			failed("stock", 3), trial("kindctl", 3, 1000), // counts for itself, not against stock
			trial("stock", 4, 100), trial("kindctl", 4, 30),
		}},
		{CNI: "calico", Nodes: 8, Arms: twoArms, Runs: []Trial{trial("stock", 1, 200), failed("kindctl", 1)}},
	}}
	r.Summarize()
	stock, kindctl := r.Cases[0].Summary[0], r.Cases[0].Summary[1]
	if stock.Runs != 3 || kindctl.Runs != 4 || stock.Ratio != nil {
		t.Errorf("stock has %d runs and ratio %v, kindctl %d", stock.Runs, stock.Ratio, kindctl.Runs)
	}
	if want := (Spread{0.4, 0.3, 0.5}); kindctl.Ratio == nil || *kindctl.Ratio != want {
		t.Errorf("ratio %+v, want %+v: of rounds 1, 2 and 4", kindctl.Ratio, want)
	}
	if want := (Spread{100, 80, 100}); stock.Finish != want || stock.Done.Median != 99 {
		t.Errorf("stock: %+v", stock)
	}
	// All CPU on two processors is half of the time, so that the time is twice the bound.
	if stock.Bound.Median != 50 || stock.OverBound != (Spread{2, 2, 2}) || stock.PeakMemory.Median != 100 {
		t.Errorf("stock: %+v", stock)
	}
	if eight := r.Cases[1].Summary[1]; eight.Runs != 0 || eight.Ratio != nil {
		t.Errorf("an arm whose runs failed: %+v", eight)
	}
	// Of kindctl there is one number of nodes, which makes no line.
	if diff := cmp.Diff([]Growth{{"calico", "stock", 20}}, r.Growth, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("growth (-want +got):\n%s", diff)
	}
	if got := r.Failed(); len(got) != 2 {
		t.Errorf("%d failed runs, want 2", len(got))
	}
}

func TestTotal(t *testing.T) {
	daemons, machine := 5.0, 100.0
	if got := (CPU{Nodes: 20, Daemons: &daemons, Client: 3, Machine: &machine}).Total(); got != 28 {
		t.Errorf("%v, want 28: the machine is no part of it", got)
	}
	if got := (CPU{Nodes: 20, Client: 3}).Total(); got != 23 {
		t.Errorf("%v, want 23", got)
	}
}

func TestSummarizeNothing(t *testing.T) {
	r := &Result{}
	r.Summarize()
	if len(r.CNIs()) != 0 || r.Growth != nil {
		t.Errorf("%+v", r)
	}
	unknown := &Result{Cases: []*Case{{Arms: twoArms, Runs: []Trial{trial("stock", 1, 10)}}}} // processors unknown
	unknown.Summarize()
	if s := unknown.Cases[0].Summary[0]; s.Bound != (Spread{}) || s.Finish.Median != 10 {
		t.Errorf("%+v", s)
	}
}

func TestTurn(t *testing.T) {
	two, three := []Arm{{Name: "a"}, {Name: "b"}}, []Arm{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	tests := []struct {
		arms  []Arm
		round int
		want  string
	}{{two, 0, "ab"}, {two, 1, "ba"}, {two, 2, "ab"}, {three, 0, "abc"}, {three, 1, "bca"}, {three, 2, "cab"}, {three, 3, "abc"}}
	for _, tt := range tests {
		got := ""
		for _, arm := range turn(tt.arms, tt.round) {
			got += arm.Name
		}
		if got != tt.want {
			t.Errorf("round %d: %s, want %s", tt.round, got, tt.want)
		}
	}
	if !slices.EqualFunc(two, []Arm{{Name: "a"}, {Name: "b"}}, func(a, b Arm) bool { return a.Name == b.Name }) {
		t.Error("turn has changed the arms")
	}
}
