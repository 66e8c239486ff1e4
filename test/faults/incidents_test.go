//go:build faults

package faults

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// TestIncidents has "kindctl break" inject each incident that fits a stage's cluster, and
// wants exactly its check not to pass, the cluster to be called broken, nothing of it to be
// read in passing, and "kindctl break heal" to make everything green.
func TestIncidents(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage.name, func(t *testing.T) {
			c := newCluster(t, stage.name, stage.up...)
			var fitting []kindctl.Incident
			c.decode(&fitting, "break", "list", "-n", c.name, "-o", "json")
			for _, incident := range fitting {
				t.Run(incident.ID, func(t *testing.T) { c.in(t).breakAndHeal(incident.ID) })
			}
		})
	}
}

// decode runs a command that prints JSON.
func (c *cluster) decode(into any, args ...string) {
	c.Helper()
	if err := json.Unmarshal([]byte(c.Must(args...).Stdout), into); err != nil {
		c.Fatal(err)
	}
}

func (c *cluster) breakAndHeal(id string) {
	f, known := faults.Find(id)
	if !known {
		c.Fatalf("there is no incident %s", id)
	}
	if out := c.Must("break", "-n", c.name, "--only", id); strings.Contains(out.Stdout+out.Stderr, id) {
		c.Errorf("break gives it away: %s%s", out.Stdout, out.Stderr)
	}
	defer func() {
		if heal := c.Kindctl("break", "heal", "-n", c.name); heal.Code != 0 {
			c.Errorf("after healing: %s%s", heal.Stdout, heal.Stderr)
		}
		if status := c.Must("status", "-n", c.name).Stdout; strings.Contains(status, "broken:") {
			c.Errorf("it was healed, and status says: %s", status)
		}
	}()
	if status := c.Must("status", "-n", c.name).Stdout; !strings.Contains(status, "broken:") {
		c.Errorf("status does not say that it is broken: %s", status)
	}
	var revealed kindctl.Revealed
	c.decode(&revealed, "break", "reveal", "-n", c.name, "-o", "json")
	red := slices.DeleteFunc(revealed.Red, func(check string) bool { return check == "dns.latency" && f.Check != check }) // a busy machine is enough
	if len(red) != 1 || red[0] != f.Check {
		c.Errorf("%v did not pass, want %s alone", red, f.Check)
	}
	if found, err := c.TryExec(c.controlPlane(), "grep -raqE '"+id+"|"+f.Check+"' /var/lib/kindctl"); err == nil {
		c.Errorf("the record can be read: %s", found)
	}
}

// TestBreakLeavesAWayBack kills a break, and heals what it left by another process; then it
// breaks again, and goes back to a snapshot.
func TestBreakLeavesAWayBack(t *testing.T) {
	stage := stages[0]
	c := newCluster(t, stage.name, stage.up...)
	breaking := c.Command(t.Context(), "break", "-n", c.name, "--only", "scheduler-gone")
	if err := breaking.Start(); err != nil {
		t.Fatal(err)
	}
	c.Eventually(2*time.Minute, func() (string, error) { return c.TryExec(c.controlPlane(), "test -e /var/lib/kindctl/state") })
	if err := breaking.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = breaking.Wait()
	if status := c.Must("status", "-n", c.name).Stdout; !strings.Contains(status, "interrupted") {
		t.Errorf("status of a cluster whose break was killed: %s", status)
	}
	if again := c.Kindctl("break", "-n", c.name); again.Code != 2 || !strings.Contains(again.Stderr, "kindctl break heal") {
		t.Errorf("a second break: exit %d, %s", again.Code, again.Stderr)
	}
	c.Must("break", "heal", "-n", c.name)
	c.Green(c.name)

	c.Must("snapshot", "save", "whole", "-n", c.name, "--replace")
	t.Cleanup(func() { c.Kindctl("snapshot", "rm", "whole", "-n", c.name) })
	c.Must("break", "-n", c.name, "--only", "controllers-gone,shop-selector", "--count", "2")
	c.Must("break", "hint", "-n", c.name)
	var score kindctl.Score
	r := c.Kindctl("break", "score", "-n", c.name, "-o", "json")
	err := json.Unmarshal([]byte(r.Stdout), &score)
	if err != nil || r.Code != 5 || score.Passed || score.Hints != 1 || len(score.Others) > 0 {
		t.Errorf("the score is %+v (exit %d, %v)", score, r.Code, err)
	}
	c.Must("reset", "-n", c.name, "--to", "whole")
	if status := c.Must("status", "-n", c.name).Stdout; strings.Contains(status, "broken:") {
		t.Errorf("status after a reset: %s", status)
	}
	c.Green(c.name)
}
