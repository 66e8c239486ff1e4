package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// pool is a cluster at work: its endpoints, and who of them is healthy.
type pool struct {
	config    cluster
	endpoints []*endpoint
	next      atomic.Uint64
	traffic   atomic.Bool // a connection came since the pool was made
	cancel    context.CancelFunc
}

type endpoint struct {
	address string
	healthy atomic.Bool
}

// newPool starts the health checks of a cluster; they end with ctx or stop.
// Endpoints that old had as well keep their state until they are checked.
func newPool(ctx context.Context, config cluster, old *pool, log *slog.Logger) *pool {
	ctx, cancel := context.WithCancel(ctx)
	p := &pool{config: config, cancel: cancel}
	for _, address := range config.addresses() {
		e := &endpoint{address: address}
		e.healthy.Store(len(config.HealthChecks) == 0 || old.knows(address))
		p.endpoints = append(p.endpoints, e)
	}
	if old != nil {
		p.traffic.Store(old.traffic.Load())
	}
	for _, check := range config.HealthChecks {
		for _, e := range p.endpoints {
			go newChecker(p, e, check, log).run(ctx)
		}
	}
	return p
}

func (p *pool) stop() { p.cancel() }

// knows tells whether the pool has a healthy endpoint of this address.
func (p *pool) knows(address string) bool {
	if p == nil {
		return false
	}
	for _, e := range p.endpoints {
		if e.address == address {
			return e.healthy.Load()
		}
	}
	return false
}

// dial connects to the endpoint whose turn it is, or to the next ones if it
// does not answer. While nobody is healthy everybody is tried: a check may be
// wrong, and a refused connection is no worse than none.
func (p *pool) dial(ctx context.Context) (net.Conn, error) {
	p.traffic.Store(true)
	dialer := net.Dialer{Timeout: time.Duration(p.config.ConnectTimeout)}
	failures := []error{}
	for _, e := range p.turn() {
		conn, err := dialer.DialContext(ctx, p.config.network(), e.address)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		failures = append(failures, errors.New("no endpoints"))
	}
	return nil, fmt.Errorf("cluster %s: %w", p.config.Name, errors.Join(failures...))
}

// turn returns the endpoints to try, in order.
func (p *pool) turn() []*endpoint {
	var candidates []*endpoint
	for _, e := range p.endpoints {
		if e.healthy.Load() {
			candidates = append(candidates, e)
		}
	}
	if len(candidates) == 0 {
		candidates = append(candidates, p.endpoints...)
	}
	if len(candidates) == 0 {
		return nil
	}
	first := int((p.next.Add(1) - 1) % uint64(len(candidates)))
	return slices.Concat(candidates[first:], candidates[:first])
}
