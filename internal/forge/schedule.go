package forge

import (
	"context"
	"errors"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// builder brings a target of a graph up to date.
type builder struct {
	cache cache
	graph graph
	keys  map[string]string
	sink  event.Sink
	// width is how many components of each lane may run at once.
	width [lanes]int
}

// missing returns what has to be built for targets, in the graph's order:
// nothing below a component whose result is there.
func (b *builder) missing(targets []target) []component {
	wanted := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if _, ok := b.cache.lookup(name, b.keys[name]); ok || wanted[name] {
			return
		}
		wanted[name] = true
		for _, need := range b.graph.find(name).needs {
			visit(need)
		}
	}
	for _, t := range targets {
		visit(t.component)
	}
	var list []component
	for _, c := range b.graph {
		if wanted[c.name] {
			list = append(list, c)
		}
	}
	return list
}

// expected returns how long c may take on this host.
func (b *builder) expected(c component) time.Duration {
	if last := b.cache.lastDuration(c.name); last > 0 {
		return last
	}
	return c.estimate
}

// run builds the components of todo, each as soon as what it needs is there
// and its lane has room, earlier ones first. It stops at the first failure.
func (b *builder) run(ctx context.Context, todo []component) (map[string]time.Duration, error) {
	durations := map[string]time.Duration{}
	if len(todo) == 0 {
		return durations, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	overall := newOverall(b, todo)
	type result struct {
		component
		took time.Duration
		err  error
	}
	results := make(chan result)
	pending, busy, running := todo, [lanes]int{}, 0
	waiting := map[string]bool{} // not built yet
	for _, c := range todo {
		waiting[c.name] = true
	}
	var failure error

	for {
		for i := 0; failure == nil && i < len(pending); {
			c := pending[i]
			if busy[c.lane] >= b.width[c.lane] || anyOf(waiting, c.needs) {
				i++
				continue
			}
			pending = append(pending[:i:i], pending[i+1:]...)
			busy[c.lane]++
			running++
			go func() {
				took, err := b.make(ctx, c)
				results <- result{c, took, err}
			}()
		}
		if running == 0 {
			end(overall.span, failure)
			return durations, failure
		}
		r := <-results
		running--
		busy[r.lane]--
		delete(waiting, r.name)
		durations[r.name] = r.took
		if r.err == nil {
			overall.finished(r.component)
		} else if failure == nil {
			failure = r.err
			cancel()
		}
	}
}

func anyOf(set map[string]bool, names []string) bool {
	for _, name := range names {
		if set[name] {
			return true
		}
	}
	return false
}

// make builds one component and reports on it.
func (b *builder) make(ctx context.Context, c component) (time.Duration, error) {
	started := time.Now()
	span := event.Start(b.sink, event.Event{Scope: event.Component, ID: c.name, Title: c.title, Estimate: b.expected(c)})
	needs := map[string]string{}
	for _, need := range c.needs {
		needs[need] = b.cache.path(need, b.keys[need])
	}
	wait := func() { span.Progress("waiting for another process that builds it", 0, 0) }
	fresh, err := b.cache.fill(ctx, c.name, b.keys[c.name], wait, func(dir string) error {
		return c.build(ctx, &work{dir: dir, needs: needs, span: span, sink: b.sink})
	})
	if err == nil && !fresh {
		span.Skipped("another process built it")
	} else {
		end(span, err)
	}
	return time.Since(started), err
}

// end closes span as err says.
func end(span *event.Span, err error) {
	switch {
	case err == nil:
		span.Done("")
	case errors.Is(err, context.Canceled):
		span.Skipped("interrupted")
	default:
		span.Failed(err.Error(), hint.AdviceOf(err))
	}
}

// overall reports how far the whole build is, in expected seconds of work.
type overall struct {
	span        *event.Span
	expected    map[string]time.Duration
	done, total time.Duration
}

func newOverall(b *builder, todo []component) *overall {
	o := &overall{expected: map[string]time.Duration{}}
	var perLane [lanes]time.Duration
	for _, c := range todo {
		o.expected[c.name] = b.expected(c)
		o.total += o.expected[c.name]
		perLane[c.lane] += o.expected[c.name] / time.Duration(b.width[c.lane])
	}
	o.span = event.Start(b.sink, event.Event{
		Scope: event.Component, ID: "images", Title: "Build images",
		Estimate: max(perLane[compile], perLane[unpack]) + perLane[assemble],
	})
	return o
}

func (o *overall) finished(c component) {
	o.done += o.expected[c.name]
	o.span.Progress(c.title, int64(o.done.Seconds()), int64(o.total.Seconds()))
}
