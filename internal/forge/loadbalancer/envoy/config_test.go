package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadWhatKindWrites(t *testing.T) {
	kind := newKindFiles(t)
	kind.configure("6443", map[string]string{"b": "lab-control-plane2:6443", "a": "lab-control-plane:6443"})

	boot, err := readBootstrap(kind.path("envoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if boot.Node.Cluster != "lab" || boot.clusterFile() != kind.path("cds.yaml") || boot.listenerFile() != kind.path("lds.yaml") {
		t.Errorf("bootstrap: %+v", boot)
	}

	listeners, err := readListeners(kind.path("lds.yaml"))
	if err != nil || len(listeners) != 1 {
		t.Fatalf("listeners %v, %v", listeners, err)
	}
	if l := listeners[0]; l.Address.String() != "0.0.0.0:6443" || l.cluster() != "kube_apiservers" {
		t.Errorf("listener: %+v", l)
	}

	clusters, err := readClusters(kind.path("cds.yaml"))
	if err != nil || len(clusters) != 1 {
		t.Fatalf("clusters %v, %v", clusters, err)
	}
	c := clusters[0]
	if diff := cmp.Diff([]string{"lab-control-plane:6443", "lab-control-plane2:6443"}, c.addresses()); diff != "" {
		t.Error(diff)
	}
	want := healthCheck{
		Timeout: duration(3 * time.Second), Interval: duration(2 * time.Second), NoTrafficInterval: duration(3 * time.Second),
		UnhealthyThreshold: 2, HealthyThreshold: 1, LogFailures: true, LogSuccess: true, EventLog: "/dev/stdout",
		HTTP: &httpCheck{Path: "/healthz"}, Transport: map[string]string{"tls_mode": "true"},
	}
	if diff := cmp.Diff([]healthCheck{want}, c.HealthChecks); diff != "" {
		t.Error(diff)
	}
	if time.Duration(c.ConnectTimeout) != 250*time.Millisecond {
		t.Errorf("connect timeout %v", time.Duration(c.ConnectTimeout))
	}
	if transport, err := c.transport(want); err != nil || transport == nil || transport.Socket.Config.TLS.Validation.Trust != untrusted {
		t.Errorf("transport %+v, %v", transport, err)
	}
}

func TestReadNothingYet(t *testing.T) {
	kind := newKindFiles(t)
	if clusters, err := readClusters(kind.path("cds.yaml")); err != nil || len(clusters) != 0 {
		t.Errorf("got %v, %v", clusters, err)
	}
}

// What this program does not understand is refused, never passed over.
func TestRefuse(t *testing.T) {
	kind := newKindFiles(t)
	kind.configure("6443", map[string]string{"a": "node:6443"})
	valid, err := os.ReadFile(kind.path("cds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"field":     {"lb_policy:", "circuit_breakers:", "circuit_breakers"},
		"policy":    {"ROUND_ROBIN", "RING_HASH", `policy "RING_HASH"`},
		"discovery": {"STRICT_DNS", "EDS", `discovery "EDS"`},
		"family":    {"V4_PREFERRED", "V5", `family "V5"`},
		"duration":  {"0.25s", "fast", `duration "fast"`},
		"negative":  {"0.25s", "-1s", "must not be negative"},
		"type":      {"cluster.v3.Cluster", "route.v3.Route", "is not a cluster"},
		"no check":  {"http_health_check:\n      path: /healthz", "tcp_health_check: null", "either of HTTP or of TCP"},
		"threshold": {"healthy_threshold: 1", "healthy_threshold: 0", "thresholds"},
		"event log": {"/dev/stdout", "/var/log/x", "/var/log/x"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cds.yaml")
			changed := strings.Replace(string(valid), test.old, test.new, 1)
			if changed == string(valid) {
				t.Fatalf("%q is not in kind's configuration", test.old)
			}
			if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := readClusters(path); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("err = %v, want %q in it", err, test.want)
			}
		})
	}
}
