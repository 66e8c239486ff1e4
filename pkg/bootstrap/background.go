package bootstrap

import (
	"context"
	"sync"

	"github.com/kindctl/kindctl/pkg/event"
)

// background is work that continues while later phases run.
type background struct {
	stop  context.CancelFunc
	ended chan struct{}
	err   error // once it has ended

	mu     sync.Mutex
	span   *event.Span
	report func() // the latest progress
}

// startBackground starts work, which ends with ctx or with stop.
func startBackground(ctx context.Context, work func(context.Context, *background) error) *background {
	ctx, stop := context.WithCancel(ctx)
	b := &background{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		defer stop()
		b.err = work(ctx, b)
	}()
	return b
}

// progress reports to the phase that waits for the work, if one does.
func (b *background) progress(message string, completed, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report = func() { b.span.Progress(message, completed, total) }
	if b.span != nil {
		b.report()
	}
}

// wait returns when the work has ended, and reports its progress to the span.
func (b *background) wait(span *event.Span) error {
	b.mu.Lock()
	b.span = span
	if b.report != nil {
		b.report()
	}
	b.mu.Unlock()
	<-b.ended
	return b.err
}
