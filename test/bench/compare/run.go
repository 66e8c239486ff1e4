package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Options say what is compared.
type Options struct {
	// Arms are compared with the first of them.
	Arms []Arm
	CNIs []string
	// Images are the node images, by CNI.
	Images map[string]string
	// Nodes are the numbers of nodes.
	Nodes []int
	// Runs is how many rounds count, of each case.
	Runs    int
	Machine Machine
	Sink    event.Sink
}

// RunsFailed is the reason of the error that says how many runs have failed; what
// the others have shown is whole.
const RunsFailed = "RUNS_FAILED"

// Run measures every case. What it has seen is returned with an error as well:
// that of ctx when it ended, that of an arm's first run, which shows that it cannot
// work here, or one that says how many runs have failed.
func Run(ctx context.Context, runner Runner, o Options) (*Result, error) {
	b := &benchmark{Options: o, runner: runner, took: map[string]time.Duration{}, works: map[string]bool{}}
	result := &Result{SchemaVersion: SchemaVersion, Started: time.Now(), Machine: o.Machine}
	b.announce()
	var err error
	for _, cni := range o.CNIs {
		for _, nodes := range o.Nodes {
			if err == nil {
				c := &Case{CNI: cni, Nodes: nodes, Image: o.Images[cni]}
				for _, arm := range o.Arms {
					c.Arms = append(c.Arms, Settings{arm.Name, arm.Settings(cni)})
				}
				result.Cases = append(result.Cases, c)
				err = b.measure(ctx, c)
			}
		}
	}
	result.Summarize()
	if failed := len(result.Failed()); err == nil && failed > 0 {
		err = hint.New(hint.Creation, RunsFailed, fmt.Sprintf("%d of %d runs failed and do not count", failed, b.total()), "their causes are among the runs; see whether the machine has enough memory and disk: kindctl doctor")
	}
	return result, err
}

// benchmark is a comparison under way.
type benchmark struct {
	Options
	runner Runner
	done   int
	// took is how long the latest run of a kind took, with its removal.
	took map[string]time.Duration
	// works says that an arm has created a cluster.
	works map[string]bool
}

func (b *benchmark) total() int { return len(b.CNIs) * len(b.Nodes) * (b.Runs + 1) * len(b.Arms) }

// announce says how much there is to do.
func (b *benchmark) announce() {
	var all time.Duration
	for _, nodes := range b.Nodes {
		all += guess(nodes) * time.Duration(len(b.CNIs)*(b.Runs+1)*len(b.Arms))
	}
	event.Inform(b.Sink, event.Phase, "bench", fmt.Sprintf("%d clusters are made and removed one after the other, for about %v; use this machine for nothing else", b.total(), all.Round(time.Minute)))
}

// measure runs all rounds of a case. A run that fails is kept as such; only an arm
// that has never made a cluster ends the benchmark.
func (b *benchmark) measure(ctx context.Context, c *Case) error {
	for round := range b.Runs + 1 {
		for _, arm := range turn(b.Arms, round) {
			run, err := b.one(ctx, c, round, arm)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			c.Runs = append(c.Runs, run)
			if err != nil && !b.works[arm.Name] {
				return err
			}
		}
	}
	for _, arm := range b.Arms[1:] {
		if ratios := c.Ratios(arm.Name); len(ratios) > 0 {
			s := SpreadOf(ratios)
			event.Inform(b.Sink, event.Phase, "bench", fmt.Sprintf("%s: %s takes %.2f of the time of %s (%.2f to %.2f)", c.title(), arm.Name, s.Median, b.Arms[0].Name, s.Min, s.Max))
		}
	}
	return nil
}

func (c *Case) title() string {
	if c.Nodes == 1 {
		return c.CNI + ", 1 node"
	}
	return fmt.Sprintf("%s, %d nodes", c.CNI, c.Nodes)
}

// one makes one cluster.
func (b *benchmark) one(ctx context.Context, c *Case, round int, arm Arm) (Trial, error) {
	kind := fmt.Sprintf("%s, %s", c.title(), arm.Name)
	estimate, known := b.took[kind]
	if !known {
		estimate = guess(c.Nodes)
	}
	title := fmt.Sprintf("%s, round %d of %d", kind, round, b.Runs)
	if round == 0 {
		title = kind + ", warm-up"
	}
	b.done++
	span := event.Start(b.Sink, event.Event{Scope: event.Phase, ID: fmt.Sprintf("%d/%d", b.done, b.total()), Title: title, Estimate: estimate})
	run := Trial{Arm: arm.Name, Round: round, Started: time.Now().UTC()}
	measures, err := b.runner.Run(ctx, arm, Order{CNI: c.CNI, Nodes: c.Nodes, Image: c.Image}, func(text string) { span.Progress(text, 0, 0) })
	switch {
	case ctx.Err() != nil:
		span.Failed("interrupted", "")
	case err != nil:
		run.Error = err.Error()
		span.Failed(err.Error(), hint.AdviceOf(err))
		if b.works[arm.Name] { // else the error is the command's, and told at its end
			event.Warn(b.Sink, event.Phase, "bench", "a run failed and does not count: "+err.Error(), "")
		}
	default:
		run.Measures = measures
		b.took[kind], b.works[arm.Name] = time.Since(run.Started), true
		span.Done(fmt.Sprintf("works after %.1f s, done in its own eyes after %.1f s; %.0f CPU-s", measures.Finish, measures.Done, measures.CPU.Total()))
	}
	return run, err
}
