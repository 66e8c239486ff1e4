package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/bootstrap"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// undoTimeout bounds the removal of a cluster that could not be frozen or taken.
const undoTimeout = 2 * time.Minute

// lowShares are a quarter of what other containers have.
const lowShares = 256

// FillConfig says how a pool is filled.
type FillConfig struct {
	// Up returns how a cluster of the pool is made that has this name.
	Up func(d Definition, name string) (bootstrap.Config, error)
	// LowPriority lets other containers go first where processors are scarce.
	LowPriority bool
	// Background says that no one waits for it: why it failed is recorded, and only what this
	// version of kindctl keeps is filled: see Definition.KeptBy. Log is the file that has the
	// output, or "".
	Background bool
	Log        string
}

// Define replaces the definition of the pool, which this version of kindctl keeps from now on.
// Fill makes the pool what it says. A pool for which the host lacks memory is refused, with
// advice.
func (p *Pool) Define(ctx context.Context, d Definition) error {
	d = p.Identify(d)
	d.Version = p.Version
	entries, err := p.Entries(ctx, d)
	if err != nil {
		return err
	}
	if useless, missing := sort(entries, d.Size); missing > 0 {
		if err := p.checkMemory(ctx, d, entries, missing, memoryOf(useless)); err != nil {
			return err
		}
	}
	return p.Write(d)
}

// Fill removes what cannot be taken, and makes clusters until the pool has as many as it is to
// have. It returns the names of the new ones.
func (p *Pool) Fill(ctx context.Context, config FillConfig) (made []string, err error) {
	made, err = p.fill(ctx, config)
	if err != nil && config.Background && ctx.Err() == nil && hint.ReasonOf(err) != hint.PoolMissing.Name {
		err = errors.Join(err, p.recordFailure(err, config.Log))
	}
	return made, err
}

func (p *Pool) fill(ctx context.Context, config FillConfig) (made []string, err error) {
	release, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	for {
		d, err := p.Read() // which may have changed meanwhile
		if err != nil {
			return made, err
		}
		if config.Background && !d.KeptBy(p.Version) {
			p.note(d.Keeper(p.Version))
			return made, nil
		}
		if d, err = p.keep(d); err != nil {
			return made, err
		}
		entries, err := p.Entries(ctx, d)
		if err != nil {
			return made, err
		}
		useless, missing := sort(entries, d.Size)
		for _, entry := range useless {
			p.explain(entry)
			if _, err := p.remove(ctx, d, entry.Name); err != nil {
				return made, err
			}
		}
		if missing == 0 {
			return made, p.ForgetFailure()
		}
		if err := p.checkMemory(ctx, d, entries, 1, 0); err != nil {
			return made, hint.Keep(err, fmt.Sprintf("the pool has %d of %d clusters", d.Size-missing, d.Size))
		}
		name, err := p.make(ctx, d, config)
		if err != nil {
			return made, err
		}
		made = append(made, name)
	}
}

// sort returns the entries that are to go, and how many are missing.
func sort(entries []Entry, size int) (useless []Entry, missing int) {
	ready := 0
	for _, entry := range entries {
		if entry.State == Ready && ready < size {
			ready++
		} else {
			useless = append(useless, entry)
		}
	}
	return useless, size - ready
}

// explain says why a cluster is removed.
func (p *Pool) explain(e Entry) {
	switch e.State {
	case Unfinished:
		p.note("cluster " + e.Name + " was never finished")
	case Outdated:
		why := " does not match the pool's definition"
		if e.Version != p.Version {
			why = fmt.Sprintf(" was made by kindctl %s; this is %s", e.Version, p.Version)
		}
		p.note("cluster " + e.Name + why)
	case Broken:
		p.warn(fmt.Sprintf("cluster %s cannot be taken: %s", e.Name, e.Problem))
	case Ready:
		p.note("cluster " + e.Name + " is one too many")
	}
}

// make makes a cluster, verifies it and freezes it. A process that is killed meanwhile leaves a
// record of it for gc, or a cluster that was never finished for the next Fill.
func (p *Pool) make(ctx context.Context, d Definition, fill FillConfig) (name string, err error) {
	name = NewName()
	config, err := fill.Up(d, name)
	if err != nil {
		return "", err
	}
	config.Topology.TTL, config.Pool = 0, d.mark()
	if fill.LowPriority {
		config.CPUShares = lowShares
	}
	return name, p.makeFrozen(ctx, config)
}

// makeFrozen makes a cluster that cannot be taken before all is done. What fails removes it, or
// leaves the record for gc.
func (p *Pool) makeFrozen(ctx context.Context, config bootstrap.Config) (err error) {
	name, left := config.Topology.Name, false
	if config.RunRecord, err = runs.Open("pool fill", name); err != nil {
		return err
	}
	release := func() {}
	defer func() {
		err = errors.Join(err, config.RunRecord.End(!left))
		release() // only now: the command that takes the cluster reopens the record
	}()
	up := bootstrap.NewUp(config)
	if err := up.Run(ctx); err != nil {
		left = up.Left
		return err
	}
	left = true
	unlock, err := runs.Lock(name)
	if err != nil {
		return err
	}
	release = unlock
	phases := []plan.Phase{{
		Name: "freeze", Title: "Freeze the cluster", Estimate: 2 * time.Second,
		Run: func(ctx context.Context, _ *event.Span) (string, error) { return "", p.freeze(ctx, name) },
	}}
	if err := plan.Run(ctx, phases, plan.Options{Sink: p.Sink}); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		failure := p.discard(ctx, name)
		left = failure != nil
		return errors.Join(err, failure)
	}
	left = false
	return nil
}

// freeze freezes a cluster, and marks it as one that can be taken.
func (p *Pool) freeze(ctx context.Context, name string) error {
	cluster := p.Docker.Cluster(name)
	err := freeze(ctx, cluster)
	if err == nil {
		frozen := time.Now().UTC()
		memory, _ := cluster.Memory(ctx) // where it is not known, there is an estimate
		err = cluster.SetFrozen(ctx, frozen, memory)
	}
	if err != nil {
		return hint.PoolFailed.Wrap(err, "cluster "+name+" could not be frozen", "try again: kindctl pool fill")
	}
	return nil
}
