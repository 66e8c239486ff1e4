package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/pkg/event"
)

// TestLive wants finished lines to remain.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	live := NewLive(&out, 80, console.Style{})
	for _, e := range []event.Event{
		{Kind: event.Started, Scope: event.Phase, ID: "create", Title: "Create the nodes"},
		{Kind: event.Progress, Scope: event.Phase, ID: "create", Message: "Starting control-plane"},
		{Kind: event.Done, Scope: event.Phase, ID: "create", Title: "Create the nodes", Message: "3 nodes", Elapsed: 31 * time.Second},
		{Kind: event.Started, Scope: event.Check, ID: "net.pods", Title: "Pods reach each other"},
		{Kind: event.Failed, Scope: event.Check, ID: "net.pods", Title: "Pods reach each other", Outcome: "FAIL"},
	} {
		live.Emit(e)
	}
	if status := live.status(); status != "" {
		t.Errorf("after the end something is still under way: %q", status)
	}
	live.Close()
	for _, line := range []string{"✓ [create] Create the nodes: 3 nodes (31s)", "FAIL [net.pods] Pods reach each other"} {
		if !bytes.Contains(out.Bytes(), []byte(line)) {
			t.Errorf("the view lacks the line %q:\n%s", line, out.String())
		}
	}
}

func TestLiveStatusLine(t *testing.T) {
	live := &Live{}
	began := time.Now().Add(-3 * time.Second)
	live.follow(event.Event{Kind: event.Started, ID: "create", Title: "Create the nodes", Estimate: 35 * time.Second, Time: began})
	live.follow(event.Event{Kind: event.Progress, ID: "create", Message: "Starting control-plane", Time: time.Now()})
	if got, want := live.status(), " Create the nodes  3s of about 35s  Starting control-plane"; got != want {
		t.Errorf("status %q, want %q", got, want)
	}
	if got, want := fit("Create the nodes", 8), "Create …"; got != want {
		t.Errorf("fit gives %q, want %q", got, want)
	}
}
