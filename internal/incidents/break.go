package incidents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/shop"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Cluster is one of kindctl's that runs and that this process has locked.
type Cluster struct {
	Name string
	// Nodes are all its containers.
	Nodes  []*provider.Node
	Expect verify.Expectation
	// Version is that of kindctl.
	Version string
	Sink    event.Sink
	// Verify runs all checks, without a word; Checks lists them, those of the shop too.
	Verify func(context.Context) (verify.Report, error)
	Checks []verify.Check
}

// Plan is what Break would do, without what it would break.
type Plan struct {
	// Incidents is how many would be injected.
	Incidents int
	// Shop says that the shop would be deployed.
	Shop bool
}

// Choose chooses incidents for the cluster.
func (c *Cluster) Choose(choice Choice) ([]faults.Fault, Plan, error) {
	chosen, err := choose(choice, c.Expect, c.Checks)
	return chosen, Plan{len(chosen), slices.ContainsFunc(chosen, needsShop)}, err
}

func needsShop(f faults.Fault) bool { return f.Story.Shop }

// healTime bounds the way back after a failure or an interrupt.
const healTime = 5 * time.Minute

// Break injects incidents and waits until a verification sees each of them. When that fails,
// or the context ends, everything is healed again; when the process is killed, the record is
// there for Heal.
func (c *Cluster) Break(ctx context.Context, client *kube.Client, chosen []faults.Fault, seed uint64) (r *Record, err error) {
	r = &Record{Format: recordFormat, Version: c.Version, Seed: seed, Began: time.Now(), Shop: slices.ContainsFunc(chosen, needsShop)}
	if r.Shop {
		if there, err := shop.Look(ctx, client); err != nil {
			return nil, err
		} else if there != shop.Nothing {
			return nil, hint.ShopTaken.New(fmt.Sprintf("the cluster has a namespace %q already, which is where the application to break would be", shop.Namespace),
				"delete it, or leave such incidents out: kindctl break --only ID")
		}
	}
	span := event.Start(c.Sink, event.Event{Scope: event.Phase, ID: "break", Title: "Break cluster " + c.Name, Estimate: 60 * time.Second})
	defer func() { finish(span, err) }()
	broken := c.broken(r)
	for _, f := range chosen {
		undo, err := f.Look(ctx, broken)
		if err != nil {
			return nil, unbroken(err)
		}
		r.Incidents = append(r.Incidents, Incident{ID: f.ID, Undo: undo})
	}
	if err := r.write(ctx, c.Nodes); err != nil {
		return nil, err
	}
	if err := c.inject(ctx, r, chosen, span); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healTime)
		defer cancel()
		return nil, errors.Join(err, c.heal(ctx, r, span))
	}
	return r, nil
}

// inject deploys the shop and injects, and waits until the verification sees it.
func (c *Cluster) inject(ctx context.Context, r *Record, chosen []faults.Fault, span *event.Span) error {
	broken := c.broken(r)
	if r.Shop {
		span.Progress("deploying the shop", 0, 0)
		if err := faults.DeployShop(ctx, broken); err != nil {
			return unbroken(fmt.Errorf("deploy the shop: %w", err))
		}
	}
	span.Progress("breaking", 0, 0)
	for i, f := range chosen {
		if err := f.Inject(ctx, broken, r.Incidents[i].Undo); err != nil {
			return unbroken(err)
		}
	}
	span.Progress("verifying that it shows", 0, 0)
	report, err := c.Verify(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if report.Started.IsZero() {
		return unbroken(err)
	}
	for _, result := range report.Results {
		if result.Outcome == verify.Fail || result.Outcome == verify.Error || result.Outcome == verify.Warn {
			r.Red = append(r.Red, result.ID)
		}
	}
	for _, f := range chosen {
		shows := func(result verify.Result) bool { return result.ID == f.Check && result.Outcome == f.Outcome() }
		if !slices.ContainsFunc(report.Results, shows) {
			return hint.BreakUnseen.New(fmt.Sprintf("%s was injected, and %s does not show it; these checks did not pass: %s", f.ID, f.Check, strings.Join(r.Red, ", ")),
				"was the cluster healthy? kindctl verify -n "+c.Name)
		}
	}
	r.Ready = time.Now()
	return r.write(ctx, c.Nodes)
}

// unbroken is the error of a break that came to nothing.
func unbroken(err error) error {
	if hint.ReasonOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return hint.BreakFailed.Wrap(err, "the cluster could not be broken, and is as it was", "was it healthy? kindctl verify")
}

// Heal undoes everything of a record and removes it. When that fails, the record stays.
func (c *Cluster) Heal(ctx context.Context, r *Record) (err error) {
	span := event.Start(c.Sink, event.Event{Scope: event.Phase, ID: "heal", Title: "Heal cluster " + c.Name, Estimate: 30 * time.Second})
	defer func() { finish(span, err) }()
	return c.heal(ctx, r, span)
}

func (c *Cluster) heal(ctx context.Context, r *Record, span *event.Span) error {
	span.Progress("healing", 0, 0)
	broken := c.broken(r)
	var failures []error
	for _, i := range slices.Backward(r.Incidents) {
		f, known := faults.Find(i.ID)
		if !known {
			failures = append(failures, fmt.Errorf("this kindctl has no incident %s", i.ID))
			continue
		}
		failures = append(failures, f.Heal(ctx, broken, i.Undo))
	}
	if r.Shop {
		failures = append(failures, faults.RemoveShop(ctx, broken))
	}
	if err := errors.Join(failures...); err != nil {
		return hint.HealFailed.Wrap(err, "not everything could be healed", fmt.Sprintf("run it again: kindctl break heal -n %s; or go back to a snapshot: kindctl reset -n %[1]s", c.Name))
	}
	if err := forget(ctx, c.Nodes); err != nil {
		return err
	}
	span.Progress("waiting until all is ready", 0, 0)
	return broken.Settled(ctx)
}

// Write keeps the record as it has become.
func (c *Cluster) Write(ctx context.Context, r *Record) error { return r.write(ctx, c.Nodes) }

// broken is the cluster as faults see it, with the nodes of the record. In a node that was removed
// since, nothing is left to heal. A record without nodes gets those of now.
func (c *Cluster) broken(r *Record) *faults.Cluster {
	byName := map[string]*provider.Node{}
	var first string
	var workers []string
	for _, n := range c.Nodes {
		byName[n.Name] = n
		switch {
		case n.Role == clusters.ControlPlane && first == "":
			first = n.Name
		case n.Role == clusters.Worker:
			workers = append(workers, n.Name)
		}
	}
	broken := faults.NewCluster(c.Expect, first, workers, func(ctx context.Context, node, input, script string) (string, error) {
		n := byName[node]
		if n == nil {
			return "", nil
		}
		return n.Script(ctx, input, script)
	})
	if r.Worker == "" {
		r.ControlPlane, r.Worker, r.Other = broken.ControlPlane, broken.Worker, broken.Other
	}
	broken.Worker, broken.Other = r.Worker, r.Other
	if byName[r.ControlPlane] != nil { // or another one has the objects
		broken.ControlPlane = r.ControlPlane
	}
	return broken
}

func finish(span *event.Span, err error) {
	if err != nil {
		span.Failed("", "")
		return
	}
	span.Done("")
}
