package pool

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/gc"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Pool is the one of this user in a Docker.
type Pool struct {
	Store
	// ID is that of Docker.
	ID string
	// Version is that of this kindctl.
	Version string
	Docker  *provider.Docker
	Sink    event.Sink
}

// Open returns the pool of a Docker that has an ID for a version of kindctl, whether the pool is
// defined or not.
func Open(docker *provider.Docker, id, version string, sink event.Sink) (*Pool, error) {
	store, err := OpenStore(id)
	return &Pool{Store: store, ID: id, Version: version, Docker: docker.WithSink(sink), Sink: sink}, err
}

// Entries returns the clusters of the pool, in the order in which they are taken.
func (p *Pool) Entries(ctx context.Context, d Definition) ([]Entry, error) {
	return entries(ctx, engine{p.Docker}, d, p.Version)
}

// Drain removes the clusters of the pool and its definition, and returns their names. Those that
// are being taken stay. That there is no pool is no error.
func (p *Pool) Drain(ctx context.Context) (removed []string, err error) {
	d, err := p.Read()
	if hint.ReasonOf(err) == hint.PoolMissing.Name {
		return nil, nil
	}
	if err == nil {
		d.Size = 0 // so that commands that fill the pool end
		err = p.Write(d)
	}
	if err != nil && hint.ReasonOf(err) != hint.PoolDamaged.Name {
		return nil, err
	}
	release, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	entries, err := p.Entries(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		switch gone, err := p.remove(ctx, d, entry.Name); {
		case err != nil:
			return removed, err
		case gone:
			removed = append(removed, entry.Name)
		}
	}
	return removed, p.Store.Remove()
}

// lock waits until no one else changes what is in the pool, but for taking from it.
func (p *Pool) lock(ctx context.Context) (release func(), err error) {
	return runs.LockWait(ctx, ".pool-"+fileName(p.ID), func() { p.note("waiting for another kindctl process that fills the pool") })
}

// remove removes a cluster of the pool, unless someone has taken it or is about to.
func (p *Pool) remove(ctx context.Context, d Definition, name string) (removed bool, err error) {
	release, err := runs.Lock(name)
	if hint.ReasonOf(err) == hint.ClusterBusy.Name {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer release()
	if _, is, err := entryOf(ctx, engine{p.Docker}, name, d, p.Version); !is || err != nil {
		return false, err
	}
	err = p.discard(ctx, name)
	return err == nil, err
}

// discard removes a cluster, which must be locked.
func (p *Pool) discard(ctx context.Context, name string) error {
	span := event.Start(p.Sink, event.Event{Scope: event.Phase, ID: "remove", Title: "Remove cluster " + name})
	if _, err := gc.Remove(ctx, p.Docker, name, gc.RemoveOptions{}); err != nil {
		span.Failed(err.Error(), hint.AdviceOf(err))
		return fmt.Errorf("remove cluster %s: %w", name, err)
	}
	span.Done("")
	return nil
}

func (p *Pool) note(message string) { event.Inform(p.Sink, event.Phase, "pool", message) }

func (p *Pool) warn(message string) { event.Warn(p.Sink, event.Phase, "pool", message, "") }
