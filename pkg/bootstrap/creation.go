package bootstrap

import (
	"context"
	"sync"

	"github.com/kindctl/kindctl/pkg/event"
)

// creation is kind at work. It goes on after the phase that began it: workers
// join while the CNI is being installed.
type creation struct {
	live, ended chan struct{}
	err         error // once it has ended
	stop        context.CancelCauseFunc

	mu   sync.Mutex
	span *event.Span
}

// begin has kind make the nodes.
func (u *Up) begin(ctx context.Context, span *event.Span) *creation {
	ctx, stop := context.WithCancelCause(ctx)
	c := &creation{live: make(chan struct{}), ended: make(chan struct{}), stop: stop, span: span}
	u.provider.Live = sync.OnceFunc(func() { close(c.live) })
	placeTokenKey := u.beginTokenKey()
	u.provider.Prepared = func() {
		err := placeTokenKey(ctx)
		if err == nil && len(u.Topology.EtcdNames()) > 0 {
			c.Progress("Starting etcd", 0, 0)
			err = u.placeEtcd(ctx)
		}
		if err != nil {
			stop(err)
		}
	}
	if u.Topology.Nodes() > 1 {
		u.provider.Started = func() { u.awaitSignature(ctx) }
	}
	go func() {
		defer close(c.ended)
		c.err = u.makeNodes(ctx, c)
	}()
	return c
}

// Progress tells the phase that waits for kind what kind is doing.
func (c *creation) Progress(message string, completed, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.span != nil {
		c.span.Progress(message, completed, total)
	}
}

// follow says which phase waits for kind, if any does.
func (c *creation) follow(span *event.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.span = span
}

// wait returns when the API is there to stay, or kind has ended.
func (c *creation) wait() error {
	defer c.follow(nil)
	select {
	case <-c.live:
		return nil
	case <-c.ended:
		return c.err
	}
}

// join waits until kind has made every node.
func (u *Up) join(ctx context.Context, span *event.Span) (string, error) {
	if u.client != nil {
		var names []string
		for _, node := range u.Topology.Each() {
			names = append(names, node.Name)
		}
		u.stopApproving = approveServing(ctx, u.client, names, u.Sink)
	}
	u.creation.follow(span)
	<-u.creation.ended // which ctx hastens
	if u.creation.err != nil {
		return "", u.creation.err
	}
	return "", admitStorage(ctx, u.client)
}
