package console

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kindctl/kindctl/internal/golden"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// story is a recorded stream: an "up" that works, waits, warns and fails.
func story() []event.Event {
	const s = time.Second
	return []event.Event{
		{Kind: event.Warning, ID: "config", Message: "2 control planes mean 2 etcd members", Hint: "use 3"},
		{Kind: event.Started, Scope: event.Phase, ID: "preflight", Title: "Check the host", Estimate: s},
		{Kind: event.Done, Scope: event.Phase, ID: "preflight", Title: "Check the host", Message: "Docker 1, amd64", Elapsed: s / 100},
		{Kind: event.Started, Scope: event.Phase, ID: "create", Title: "Create the nodes", Estimate: 35 * s},
		{Kind: event.Progress, Scope: event.Phase, ID: "create", Message: "Preparing nodes", Elapsed: s},
		{Kind: event.Progress, Scope: event.Phase, ID: "create", Message: "Starting control-plane", Elapsed: 2 * s},
		{Kind: event.Started, Scope: event.Step, ID: "starting-control-plane", Title: "Starting control-plane"},
		{Kind: event.Done, Scope: event.Step, ID: "starting-control-plane", Title: "Starting control-plane"},
		{Kind: event.Progress, Scope: event.Phase, ID: "create", Message: "Joining worker nodes", Elapsed: 12 * s},
		{Kind: event.Done, Scope: event.Phase, ID: "create", Title: "Create the nodes", Message: "3 nodes", Elapsed: 31400 * time.Millisecond},
		{Kind: event.Started, Scope: event.Image, ID: "cilium:1", Title: "fetch cilium:1"},
		{Kind: event.Progress, Scope: event.Image, ID: "cilium:1", Message: "pulling", Completed: 30, Total: 120},
		{Kind: event.Done, Scope: event.Image, ID: "cilium:1", Title: "fetch cilium:1", Elapsed: 130 * s},
		{Kind: event.Started, Scope: event.Phase, ID: "load", Title: "Load images into the nodes"},
		{Kind: event.Skipped, Scope: event.Phase, ID: "load", Title: "Load images into the nodes", Message: "the node image holds them all"},
		{Kind: event.Started, Scope: event.Check, ID: "etcd.quorum", Title: "etcd has a quorum"},
		{Kind: event.Done, Scope: event.Check, ID: "etcd.quorum", Title: "etcd has a quorum", Outcome: "PASS"},
		{Kind: event.Started, Scope: event.Check, ID: "net.pods", Title: "Pods reach each other"},
		{Kind: event.Failed, Scope: event.Check, ID: "net.pods", Title: "Pods reach each other", Outcome: "FAIL", Message: "a -> b: timeout\nb -> a: timeout", Hint: "look at the CNI", Elapsed: 30 * s},
		{Kind: event.Skipped, Scope: event.Check, ID: "dns.records", Title: "Names resolve", Outcome: "BLOCKED", Message: "needs net.pods"},
		{Kind: event.Failed, Scope: event.Phase, ID: "verify", Title: "Verify every component", Message: "1 of 3 checks did not pass", Hint: "look at the CNI", Elapsed: 31 * s},
		{Kind: event.Started, Scope: event.Phase, ID: "undo-create", Title: "Undo: Create the nodes"},
		{Kind: event.Done, Scope: event.Phase, ID: "undo-create", Title: "Undo: Create the nodes", Elapsed: 2 * s},
	}
}

func TestConsole(t *testing.T) {
	for name, style := range map[string]Style{"console.txt": {}, "console-color.txt": {Color: true}} {
		var out bytes.Buffer
		c := New(&out, style)
		for _, e := range story() {
			e.Time = time.Unix(0, 0).Add(e.Elapsed)
			c.Emit(e)
		}
		golden.Check(t, "testdata/"+name, out.Bytes())
	}
}

func TestFailure(t *testing.T) {
	interrupt := hint.Wrap(context.Canceled, hint.Creation, "X", "pull the image", "try again")
	stuck := hint.New(hint.Creation, "UNDO_FAILED", "undo create: a container is stuck", "kindctl down -n lab")
	var out bytes.Buffer
	for _, err := range []error{
		hint.New(hint.Usage, "X", "name is wrong\nport is wrong", "correct both\nor neither"),
		errors.New("no one foresaw this"),
		context.Canceled, // all was undone: nothing to say
		interrupt,        // an echo of the interrupt is no news
		errors.Join(context.Canceled, stuck),
	} {
		Failure(&out, err, Style{})
	}
	golden.Check(t, "testdata/failure.txt", out.Bytes())
}
