package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// script is a runner whose runs take what is written, and fail where it is.
type script struct {
	made  []string
	fails map[int]error // by the number of the run, from 1
	stop  func()        // called in run stopAt
	at    int
}

func (s *script) Run(ctx context.Context, arm Arm, order Order, say func(string)) (Measures, error) {
	s.made = append(s.made, fmt.Sprintf("%s/%d/%s/%s", order.CNI, order.Nodes, arm.Name, order.Image))
	say("under way")
	if len(s.made) == s.at {
		s.stop()
		return Measures{}, ctx.Err()
	}
	return Measures{Finish: map[string]float64{"stock": 10, "kindctl": 4}[arm.Name]}, s.fails[len(s.made)]
}

func options(sink event.Sink) Options {
	none := func(string) []string { return nil }
	return Options{
		Arms: []Arm{{Name: "stock", Settings: none}, {Name: "kindctl", Settings: none}}, CNIs: []string{"calico"}, Images: map[string]string{"calico": "image"},
		Nodes: []int{1, 3}, Runs: 2, Machine: Machine{CPUs: 2}, Sink: sink,
	}
}

func TestRunOrder(t *testing.T) {
	s, seen := &script{}, &event.Recorder{}
	result, err := Run(t.Context(), s, options(seen))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"calico/1/stock/image", "calico/1/kindctl/image", "calico/1/kindctl/image", "calico/1/stock/image", "calico/1/stock/image", "calico/1/kindctl/image",
		"calico/3/stock/image", "calico/3/kindctl/image", "calico/3/kindctl/image", "calico/3/stock/image", "calico/3/stock/image", "calico/3/kindctl/image",
	}
	if diff := cmp.Diff(want, s.made); diff != "" {
		t.Errorf("the runs (-want +got):\n%s", diff)
	}
	for _, c := range result.Cases {
		if ratio := c.Summary[1].Ratio; ratio == nil || ratio.Median != 0.4 || c.Summary[1].Runs != 2 {
			t.Errorf("%d nodes: %+v", c.Nodes, c.Summary[1])
		}
	}
	begun, ended, said := 0, 0, ""
	for _, e := range seen.Events() {
		switch e.Kind {
		case event.Started:
			begun++
			if e.Estimate == 0 {
				t.Errorf("%s: nothing says how long it may take", e.Title)
			}
		case event.Done:
			ended++
		case event.Note:
			said += e.Message + "\n"
		}
	}
	if begun != 12 || ended != 12 || !strings.Contains(said, "12 clusters") || !strings.Contains(said, "calico, 3 nodes: kindctl takes 0.40 of the time of stock") {
		t.Errorf("%d runs began, %d ended, and it was said:\n%s", begun, ended, said)
	}
}

func TestRunFailures(t *testing.T) {
	broken := hint.New(hint.Creation, "ARM_FAILED", "no node", "look")
	// In a round that counts: that run is kept as a failure, and all others are made.
	s := &script{fails: map[int]error{4: broken}}
	result, err := Run(t.Context(), s, options(event.Discard))
	if hint.ReasonOf(err) != RunsFailed || len(s.made) != 12 || len(result.Failed()) != 1 || result.Cases[0].Summary[1].Ratio == nil {
		t.Errorf("after %d runs: %v; failed: %+v", len(s.made), err, result.Failed())
	}
	// In the warm-up of a larger cluster: so it is too.
	s = &script{fails: map[int]error{8: broken}}
	result, err = Run(t.Context(), s, options(event.Discard))
	if hint.ReasonOf(err) != RunsFailed || len(s.made) != 12 || len(result.Failed()) != 1 || result.Cases[1].Summary[1].Runs != 2 {
		t.Errorf("after %d runs: %v; failed: %+v", len(s.made), err, result.Failed())
	}
	// In its first run: the arm does not work here at all.
	s = &script{fails: map[int]error{2: broken}}
	result, err = Run(t.Context(), s, options(event.Discard))
	if !errors.Is(err, broken) || len(s.made) != 2 || len(result.Cases) != 1 {
		t.Errorf("after %d runs, %d cases: %v", len(s.made), len(result.Cases), err)
	}
}

func TestRunInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := &script{stop: stop, at: 5}
	result, err := Run(ctx, s, options(event.Discard))
	if hint.CodeOf(err) != hint.Interrupted || len(s.made) != 5 || len(result.Cases) != 1 || len(result.Cases[0].Runs) != 4 ||
		result.Cases[0].Summary[1].Runs != 1 {
		t.Errorf("after %d runs: %v, %+v", len(s.made), err, result.Cases)
	}
}
