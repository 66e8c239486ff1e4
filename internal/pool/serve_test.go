package pool

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestServeLock has one process serve a pool, of each version.
func TestServeLock(t *testing.T) {
	s := store(t)
	one, other := &Pool{Store: s, Version: "v1.0.0"}, &Pool{Store: s, Version: "v2.0.0"}
	if served, err := one.Served(); served || err != nil {
		t.Errorf("before: served %v, %v", served, err)
	}
	release, err := one.lockServe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.lockServe(t.Context()); hint.ReasonOf(err) != hint.PoolServed.Name {
		t.Errorf("a second one: %v", err)
	}
	if served, err := one.Served(); !served || err != nil {
		t.Errorf("while it is served: %v, %v", served, err)
	}
	if served, err := other.Served(); served || err != nil {
		t.Errorf("for another version: served %v, %v", served, err)
	}
	release()
	if served, err := one.Served(); served || err != nil {
		t.Errorf("after the end: served %v, %v", served, err)
	}
}

// TestChanges waits for a change of a cluster of a pool, and for who is at work on it.
func TestChanges(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := &server{pool: &Pool{Sink: event.Discard}, wake: make(chan struct{}, 1)}
	s.report("lab")
	select {
	case <-s.wake:
		t.Error("a cluster that is in no pool counts")
	default:
	}
	release, err := runs.Lock("pool-a")
	if err != nil {
		t.Fatal(err)
	}
	s.report("pool-a")
	s.report("pool-a")
	var released atomic.Bool
	waited := make(chan bool)
	go func() { s.changes(t.Context()); waited <- released.Load() }()
	for len(s.wake) > 0 { // until it has seen the change
		runtime.Gosched()
	}
	released.Store(true)
	release()
	if !<-waited {
		t.Error("the one who takes the cluster is not waited for")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.changes(ctx) // ends
}
