package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"time"
)

// server holds the clusters and listeners of the files read last.
type server struct {
	boot bootstrap
	log  *slog.Logger

	mu    sync.Mutex
	pools map[string]*pool
	ports map[string]*port

	connections sync.WaitGroup
}

func newServer(boot bootstrap, log *slog.Logger) *server {
	return &server{boot: boot, log: log, pools: map[string]*pool{}, ports: map[string]*port{}}
}

// reload makes the server what the files say. If one of them cannot be used
// everything stays as it is.
func (s *server) reload(ctx context.Context) {
	clusters, err := readClusters(s.boot.clusterFile())
	listeners, err2 := readListeners(s.boot.listenerFile())
	if err := errors.Join(err, err2); err != nil {
		s.log.Error("the configuration is not used", "err", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applyClusters(ctx, clusters)
	s.applyListeners(listeners)
}

func (s *server) applyClusters(ctx context.Context, clusters []cluster) {
	pools := map[string]*pool{}
	for _, config := range clusters {
		old := s.pools[config.Name]
		if old != nil && reflect.DeepEqual(old.config, config) {
			pools[config.Name] = old
			continue
		}
		pools[config.Name] = newPool(ctx, config, old, s.log)
		s.log.Info("cluster", "name", config.Name, "endpoints", config.addresses())
	}
	for name, old := range s.pools {
		if pools[name] != old {
			old.stop()
		}
	}
	s.pools = pools
}

func (s *server) applyListeners(listeners []listener) {
	wanted := map[string]bool{}
	for _, l := range listeners {
		wanted[l.Address.String()] = true
	}
	for address, p := range s.ports {
		if !wanted[address] {
			p.close()
			delete(s.ports, address)
			s.log.Info("listener closed", "address", address)
		}
	}
	for _, l := range listeners {
		address := l.Address.String()
		if open := s.ports[address]; open != nil {
			open.lead(l.cluster())
			continue
		}
		opened, err := net.Listen("tcp", address)
		if err != nil {
			s.log.Error("listener not opened", "name", l.Name, "err", err)
			continue
		}
		p := &port{listener: opened, server: s}
		p.lead(l.cluster())
		s.ports[address] = p
		go p.serve()
		s.log.Info("listening", "name", l.Name, "address", address, "cluster", l.cluster())
	}
}

// pool returns the cluster of a name, or nil.
func (s *server) pool(name string) *pool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pools[name]
}

// drain stops accepting and waits for the open connections, but no longer
// than most.
func (s *server) drain(most time.Duration) {
	s.mu.Lock()
	for _, p := range s.ports {
		p.close()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.connections.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(most):
		s.log.Warn("connections were still open")
	}
}
