package provider

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/kindctl/kindctl/pkg/event"
)

// Step is one change to one container.
type Step struct {
	// Title says what it does, for people: "stop lab-worker".
	Title string
	run   func(context.Context) error
}

// Plan is what it takes to stop or to start a cluster: stages one after the
// other, the steps of a stage side by side. Making it changes nothing.
type Plan struct {
	stages [][]Step
}

// then adds a stage, unless it is empty.
func (p *Plan) then(steps ...Step) {
	if len(steps) > 0 {
		p.stages = append(p.stages, steps)
	}
}

// Titles says what Run would do, a line for each step.
func (p Plan) Titles() (titles []string) {
	for _, stage := range p.stages {
		for _, step := range stage {
			titles = append(titles, step.Title)
		}
	}
	return titles
}

// Run does it. The steps of a stage do not end each other; a stage in which one
// failed is the last.
func (p Plan) Run(ctx context.Context, span *event.Span) error {
	total := int64(len(p.Titles()))
	var done atomic.Int64
	for _, stage := range p.stages {
		failures := make([]error, len(stage))
		var group sync.WaitGroup
		for i, step := range stage {
			span.Progress(step.Title, done.Load(), total)
			group.Go(func() {
				failures[i] = step.run(ctx)
				span.Progress(step.Title, done.Add(1), total)
			})
		}
		group.Wait()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := errors.Join(failures...); err != nil {
			return err
		}
	}
	return nil
}
