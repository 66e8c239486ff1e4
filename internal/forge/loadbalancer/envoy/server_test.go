package main

import (
	"log/slog"
	"testing"
)

// clustersOf returns what kind writes for these control planes, without
// health checks: every endpoint is healthy then.
func clustersOf(t *testing.T, backends map[string]string) []cluster {
	t.Helper()
	kind := newKindFiles(t)
	kind.configure("6443", backends)
	clusters, err := readClusters(kind.path("cds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	clusters[0].HealthChecks = nil
	return clusters
}

func TestApplyClusters(t *testing.T) {
	s := newServer(bootstrap{}, slog.New(slog.DiscardHandler))
	one := clustersOf(t, map[string]string{"a": "127.0.0.1:1"})
	s.applyClusters(t.Context(), one)
	before := s.pool("kube_apiservers")
	s.applyClusters(t.Context(), clustersOf(t, map[string]string{"a": "127.0.0.1:1"}))
	if s.pool("kube_apiservers") != before {
		t.Error("an unchanged cluster was started again")
	}
	s.applyClusters(t.Context(), clustersOf(t, map[string]string{"a": "127.0.0.1:1", "b": "127.0.0.1:2"}))
	if after := s.pool("kube_apiservers"); after == before || len(after.endpoints) != 2 {
		t.Errorf("a changed cluster has the endpoints %v", after.endpoints)
	}
	s.applyClusters(t.Context(), nil)
	if s.pool("kube_apiservers") != nil {
		t.Error("a cluster that is gone is still there")
	}
}

// A change of the files must not make healthy endpoints unhealthy until
// their next check.
func TestNewPoolKeepsWhatIsKnown(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	old := newPool(t.Context(), clustersOf(t, map[string]string{"a": "127.0.0.1:1"})[0], nil, log)
	defer old.stop()
	config := clustersOf(t, map[string]string{"a": "127.0.0.1:1", "b": "127.0.0.1:2"})[0]
	config.HealthChecks = []healthCheck{{TCP: &struct{}{}, Timeout: 1, Interval: 1, InitialJitter: duration(1 << 62)}}
	p := newPool(t.Context(), config, old, log)
	defer p.stop()
	if a, b := p.endpoints[0].healthy.Load(), p.endpoints[1].healthy.Load(); !a || b {
		t.Errorf("a known healthy: %v, b never checked: %v", a, b)
	}
}
