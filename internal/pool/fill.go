package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/quantity"
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
}

// Define replaces the definition of the pool. Fill makes the pool what it says. A pool for which
// the host lacks memory is refused, with advice.
func (p *Pool) Define(ctx context.Context, d Definition) error {
	d = p.Identify(d)
	entries, err := p.Entries(ctx, d)
	if err != nil {
		return err
	}
	if useless, missing := sort(entries, d.Size); missing > 0 {
		if err := p.checkMemory(ctx, d, missing, memoryOf(useless)); err != nil {
			return err
		}
	}
	return p.Write(d)
}

// Fill removes what cannot be taken, and makes clusters until the pool has as many as it is to
// have. It returns the names of the new ones.
func (p *Pool) Fill(ctx context.Context, config FillConfig) (made []string, err error) {
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
			return made, nil
		}
		if err := p.checkMemory(ctx, d, 1, 0); err != nil {
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
		p.note("cluster " + e.Name + " does not match the pool's definition, or another version of kindctl made it")
	case Broken:
		p.warn(fmt.Sprintf("cluster %s cannot be taken: %s", e.Name, e.Problem))
	case Ready:
		p.note("cluster " + e.Name + " is one too many")
	}
}

// frozenNode is what a frozen node keeps of memory, in bytes.
const frozenNode = 512 << 20

// checkMemory returns an error with advice unless the host has the memory to make so many
// clusters, one after the other, and to keep them frozen. freed is memory in bytes that becomes
// available before. What is not known is no error.
func (p *Pool) checkMemory(ctx context.Context, d Definition, clusters int, freed int64) error {
	facts, err := host.Probe(ctx, p.Docker.Client())
	if err != nil {
		return err
	}
	available := facts.MemoryBytes
	if available > 0 {
		available += freed
	}
	return enoughMemory(available, d.Topology.Nodes(), clusters)
}

// memoryOf is what the frozen nodes of some clusters keep of memory, in bytes.
func memoryOf(entries []Entry) (bytes int64) {
	for _, entry := range entries {
		if !entry.Frozen.IsZero() {
			bytes += int64(entry.Nodes) * frozenNode
		}
	}
	return bytes
}

func enoughMemory(available int64, nodes, clusters int) error {
	wanted := host.MemoryOf(nodes) + int64(clusters-1)*int64(nodes)*frozenNode
	if available == 0 || available >= wanted {
		return nil
	}
	return hint.PoolMemory.New(fmt.Sprintf("%s of memory are available, and %d more take %s: %s while the last one is made, "+
		"0.5 GB for each frozen node", quantity.Gigabytes(available), clusters, quantity.Gigabytes(wanted), quantity.Gigabytes(host.MemoryOf(nodes))),
		"stop something, or define a smaller pool: kindctl pool set --size 1 --workers 0")
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
		err = cluster.SetFrozen(ctx, time.Now().UTC())
	}
	if err != nil {
		return hint.PoolFailed.Wrap(err, "cluster "+name+" could not be frozen", "try again: kindctl pool fill")
	}
	return nil
}
