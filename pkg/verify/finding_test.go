package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestNodeResults(t *testing.T) {
	on := func(node, problem string) error { return OnNode(node, errors.New(problem)) }
	evaluated := func(err error) error {
		_, err = Evaluated(nil, err)
		return err
	}
	pass := func(node string) NodeResult { return NodeResult{Node: node, Outcome: Pass} }
	tests := map[string]struct {
		scope Scope
		err   error
		want  []NodeResult
	}{
		"all pass":                       {AllNodes, nil, []NodeResult{pass("cp1"), pass("w1"), pass("w2")}},
		"control planes pass":            {ControlPlanes, nil, []NodeResult{pass("cp1")}},
		"the whole cluster passes":       {WholeCluster, nil, nil},
		"the whole cluster fails":        {WholeCluster, on("w1", "sick"), nil},
		"cannot apply":                   {AllNodes, Inapplicable("no"), nil},
		"no node is named":               {AllNodes, evaluated(errSick), nil},
		"one fails, all were evaluated":  {AllNodes, evaluated(errors.Join(nil, on("w1", "sick"))), []NodeResult{pass("cp1"), {"w1", Fail, "sick"}, pass("w2")}},
		"one fails, others are not seen": {AllNodes, errors.Join(on("w1", "sick")), []NodeResult{{"w1", Fail, "sick"}}},
		"two problems of one":            {ControlPlanes, evaluated(errors.Join(on("w1", "sick"), on("w1", "weak"))), []NodeResult{pass("cp1"), {"w1", Fail, "sick\nweak"}}},
		"something beside a node": {AllNodes, evaluated(errors.Join(on("w1", "sick"), errSick)),
			[]NodeResult{{"", Fail, "the patient is sick"}, {"w1", Fail, "sick"}}},
		"an end beside a node": {
			AllNodes,
			evaluated(fmt.Errorf("not renewed: %w (%w)", AboutNode("w1", errors.New("w1")), context.DeadlineExceeded)),
			[]NodeResult{pass("cp1"), {"w1", Fail, "w1"}, pass("w2")},
		},
		"words around several": {
			AllNodes,
			Around(
				errors.Join(AboutNode("w1", errors.New("x waits")), AboutNode("w2", errors.New("y waits"))),
				func(err error) error { return fmt.Errorf("2 of 3 are ready; %w; pod: BackOff", err) },
			),
			[]NodeResult{{"w1", Fail, "2 of 3 are ready; x waits; pod: BackOff"}, {"w2", Fail, "2 of 3 are ready; y waits; pod: BackOff"}},
		},
		"one is not seen, one fails": {AllNodes, errors.Join(on("w1", "sick"), AboutNode("w2", Unobservable(errors.New("deaf")))),
			[]NodeResult{{"w1", Fail, "sick"}, {"w2", Error, "deaf"}}},
		"unseen from outside": {AllNodes, errors.Join(on("w1", "sick"), Unobservable(on("w2", "deaf"))),
			[]NodeResult{{"w1", Fail, "sick"}, {"w2", Error, "deaf"}}},
		"none is seen":               {AllNodes, Unobservable(on("w1", "deaf")), []NodeResult{{"w1", Error, "deaf"}}},
		"a warning":                  {AllNodes, evaluated(errors.Join(AboutNode("w2", Warning(errSick)))), []NodeResult{pass("cp1"), pass("w1"), {"w2", Warn, "the patient is sick"}}},
		"a warning and a failure":    {ControlPlanes, errors.Join(AboutNode("w2", Warning(errSick)), Final(on("w1", "dead"))), []NodeResult{{"w1", Fail, "dead"}, {"w2", Warn, "the patient is sick"}}},
		"the node of an outer error": {AllNodes, AboutNode("w1", fmt.Errorf("to w2: %w", on("w2", "timeout"))), []NodeResult{{"w1", Fail, "to w2: w2: timeout"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := fakeTarget(threeNodes, verifytest.Pods{}, verifytest.SmallCluster(nil)...)
			run := func(ctx context.Context, target *Target) (Evidence, error) {
				if _, err := target.Nodes(ctx); err != nil {
					t.Error(err)
				}
				return nil, test.err
			}
			check := Check{ID: "x", Nodes: test.scope, Timeout: time.Millisecond, Run: run}
			result := Run(t.Context(), target, []Check{check}, RunOptions{}).Results[0]
			if diff := cmp.Diff(test.want, result.Nodes); diff != "" {
				t.Errorf("%s (-want +got):\n%s", result.Outcome, diff)
			}
		})
	}
}

// TestEachIsBounded: a hundred nodes are not asked in one moment, and all of them are.
func TestEachIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var most int32
		var under, all atomic.Int32
		evidence, err := Each(make([]int, 100), nil, func(int) (string, error) {
			defer under.Add(-1)
			under.Add(1)
			time.Sleep(time.Second) // in which all that may have begun
			mu.Lock()
			most = max(most, under.Load())
			mu.Unlock()
			time.Sleep(time.Second)
			all.Add(1)
			return "seen", context.Cause(t.Context())
		})
		if most != parallelLooks || all.Load() != 100 || len(evidence) != 100 || err != nil {
			t.Errorf("%d at once, %d in all, %d lines, %v", most, all.Load(), len(evidence), err)
		}
	})
}
