//go:build faults

package faults

import (
	"context"
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/internal/shop"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks"
)

var (
	document = flag.String("document", "", "write what was seen of each fault to this file, and to that with .json in place of .md")
	keep     = flag.Bool("keep", false, "use clusters that exist, and keep them")
	update   = flag.Bool("update", false, "rewrite docs/faults.md from docs/faults.json")
)

// seen is what became of a live fault.
type seen struct {
	fault
	stage, cause, hint string
	detected           time.Duration
	blocked            int
}

// TestFaults runs all faults, cluster by cluster.
func TestFaults(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage.name, func(t *testing.T) {
			c := newCluster(t, stage.name, stage.up...)
			c.Green(c.name)
			var run stageRecord
			if *document != "" {
				run = c.run(stage)
			}
			for _, f := range stage.faults {
				t.Run(f.check, func(t *testing.T) {
					c := c.in(t)
					if s, shown := c.show(f); shown && *document != "" {
						s.stage = stage.name
						write(t, *document, run, s)
					}
				})
			}
		})
	}
}

// show injects a fault, looks at what verify says, heals it and wants green.
func (c *cluster) show(f fault) (s seen, shown bool) {
	c.Helper()
	heal := f.inject(c)
	healed := false
	defer func() {
		if !healed {
			heal()
		}
	}()
	code, report := c.Verify(c.name)
	healed = true
	heal()
	s = seen{fault: f}
	for _, r := range report.Results {
		switch {
		case r.ID == f.check && r.Outcome == f.outcome:
			shown = true
			s.cause, s.hint, s.detected = r.Cause, r.Hint, r.Started.Add(r.Duration).Sub(report.Started)
		case r.ID == f.check:
			c.Errorf("%s is %s (%s), want %s", r.ID, r.Outcome, r.Cause, f.outcome)
		case r.Outcome == verify.Blocked:
			s.blocked++
			if root := blame(report.Results, r); root != f.check {
				c.Errorf("%s is blocked by %s, which is not the fault", r.ID, root)
			}
		case r.Outcome != verify.Pass && r.Outcome != verify.Skip:
			c.Errorf("%s is %s beside it: %s", r.ID, r.Outcome, r.Cause)
		}
	}
	if want := map[verify.Outcome]int{verify.Fail: 5, verify.Warn: 0}[f.outcome]; code != want {
		c.Errorf("verify exits with %d, want %d", code, want)
	}
	if shown && (s.cause == "" || s.hint == "") {
		c.Errorf("%s comes without a cause or a hint: %+v", f.check, s)
	}
	c.Logf("%s after %v, %d blocked: %s", f.check, s.detected.Round(100*time.Millisecond), s.blocked, s.cause)
	if err := c.broken().Settled(context.Background()); err != nil {
		c.Fatal(err)
	}
	c.Green(c.name)
	return s, shown && !c.Failed()
}

// blame follows the blocked checks to the one that began it.
func blame(results []verify.Result, r verify.Result) string {
	for r.Outcome == verify.Blocked {
		at := slices.IndexFunc(results, func(other verify.Result) bool { return other.ID == r.BlockedBy })
		if at < 0 {
			return r.BlockedBy
		}
		r = results[at]
	}
	return r.ID
}

// TestEveryCheckHasAFault holds that no check is left without one.
func TestEveryCheckHasAFault(t *testing.T) {
	live, taken := map[string]bool{}, map[string]bool{}
	for _, f := range faults.Incidents() { // those of the shop have it deployed
		live[f.Check] = true
	}
	for _, stage := range stages {
		for _, f := range stage.faults {
			if at := stage.name + "/" + f.check; taken[at] {
				t.Errorf("%s has two faults", at)
			} else {
				live[f.check], taken[at] = true, true
			}
		}
	}
	lists := [][]verify.Check{checks.Core(), shop.Checks()}
	for _, name := range addons.Names() {
		lists = append(lists, addons.Checks(name))
	}
	for _, check := range verify.Join(lists...) {
		if _, isReplayed := replayed[check.ID]; live[check.ID] == isReplayed {
			t.Errorf("%s: live %v, replayed %v; want one of both", check.ID, live[check.ID], isReplayed)
		}
		delete(live, check.ID)
	}
	for id := range live {
		t.Errorf("there is a fault for %s, and no such check", id)
	}
}
