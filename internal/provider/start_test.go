package provider

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// certificate is a member of etcd's, for an address.
func certificate(t *testing.T, address string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.ParseIP(address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// runningLab is a cluster of kind's: its nodes have the addresses from .3 on, in
// the order given, and .2 is free.
func runningLab(t *testing.T, network *bridge, names ...string) *dockerd {
	t.Helper()
	d := &dockerd{networks: []*bridge{network}}
	next := netip.MustParseAddr("172.18.0.3")
	if network.subnets[0].Addr().Is6() {
		next = netip.MustParseAddr("fc00:1::3")
	}
	for _, name := range names {
		role := strings.TrimRight(strings.TrimPrefix(name, "lab-"), "0123456789")
		b := &box{name: name, cluster: "lab", role: role, network: network.name, state: "running", policy: "on-failure", address: next, files: map[string]string{}}
		if role != "external-load-balancer" {
			b.files[lastOf(next)] = next.String()
		}
		if role == "control-plane" {
			b.files[peerCertificate] = certificate(t, next.String())
		}
		d.containers = append(d.containers, b)
		next = next.Next()
	}
	return d
}

var (
	small = []string{"lab-control-plane", "lab-worker"}
	large = []string{"lab-control-plane", "lab-control-plane2", "lab-control-plane3", "lab-worker", "lab-external-load-balancer"}
)

// neighbor is a container of someone else's.
func (d *dockerd) neighbor(address string) {
	d.containers = append(d.containers, &box{name: "neighbor", network: d.networks[0].name, state: "running", address: netip.MustParseAddr(address)})
}

func (d *dockerd) addresses() map[string]string {
	found := map[string]string{}
	for _, b := range d.containers {
		if b.cluster == "lab" {
			found[strings.TrimPrefix(b.name, "lab-")] = b.state
			if b.state == "running" {
				found[strings.TrimPrefix(b.name, "lab-")] = b.address.String()
			}
		}
	}
	return found
}

func span() *event.Span { return event.Start(event.Discard, event.Event{}) }

// stopped plans and runs a stop.
func stopped(t *testing.T, engine *Docker) []string {
	t.Helper()
	plan, err := engine.Cluster("lab").Stop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(t.Context(), span()); err != nil {
		t.Fatal(err)
	}
	return plan.Titles()
}

func TestStopAndStart(t *testing.T) {
	chosen := lan("lab-net")
	chosen.chosen = true
	for name, network := range map[string]*bridge{"fixed addresses": chosen, "any addresses": lan("kind")} {
		t.Run(name, func(t *testing.T) {
			d := runningLab(t, network, large...)
			d.neighbor("172.18.0.2") // kind's network is rarely empty
			before := d.addresses()
			engine := d.engine(t)
			want := []string{"stop lab-control-plane at 172.18.0.3", "stop lab-control-plane2 at 172.18.0.4", "stop lab-control-plane3 at 172.18.0.5",
				"stop lab-external-load-balancer at 172.18.0.7", "stop lab-worker at 172.18.0.6"}
			if diff := cmp.Diff(want, stopped(t, engine)); diff != "" {
				t.Errorf("what stop does (-want +got):\n%s", diff)
			}
			for _, b := range d.containers {
				if b.cluster == "lab" && (b.state != "exited" || b.policy != "no" || b.detached || b.fixed.IsValid() != network.chosen) {
					t.Errorf("%s is left %+v", b.name, b)
				}
			}
			if again := stopped(t, engine); len(again) != 0 {
				t.Errorf("a stopped cluster is stopped again: %v", again)
			}
			plan, err := engine.Cluster("lab").Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if atOnce := len(plan.stages) == 1; atOnce != network.chosen {
				t.Errorf("all nodes start at once: %v", atOnce)
			}
			if diff := cmp.Diff("exited", d.addresses()["worker"]); diff != "" {
				t.Errorf("planning changed something:\n%s", diff)
			}
			if err := plan.Run(t.Context(), span()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, d.addresses()); diff != "" {
				t.Errorf("addresses (-before +after):\n%s", diff)
			}
			if b := d.box("lab-worker"); b.policy != "on-failure" {
				t.Errorf("the restart policy is %q after a start", b.policy)
			}
			if plan, err := engine.Cluster("lab").Start(t.Context()); err != nil || len(plan.Titles()) != 0 {
				t.Errorf("a cluster that runs is started again: %v, %v", plan.Titles(), err)
			}
		})
	}
}

func TestKillSparesTheLoadBalancer(t *testing.T) {
	d := runningLab(t, lan("kind"), large...)
	d.neighbor("172.18.0.2")
	before := d.addresses()
	cluster := d.engine(t).Cluster("lab")
	plan, err := cluster.Kill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(t.Context(), span()); err != nil {
		t.Fatal(err)
	}
	after := d.addresses()
	if after["external-load-balancer"] != before["external-load-balancer"] || after["worker"] != "exited" || after["control-plane3"] != "exited" {
		t.Errorf("after a kill there are %v", after)
	}
	if plan, err = cluster.Start(t.Context()); err == nil {
		err = plan.Run(t.Context(), span())
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, d.addresses()); diff != "" {
		t.Errorf("addresses (-before +after):\n%s", diff)
	}
}

// TestUnfinishedResetIsNotStarted: its nodes may be of different times, and only the reset
// itself may wake them.
func TestUnfinishedResetIsNotStarted(t *testing.T) {
	d := runningLab(t, lan("kind"), small...)
	for _, b := range d.containers {
		b.files[metadataFile] = `{"cluster": "lab", "reset": "seeded"}`
	}
	engine := d.engine(t)
	stopped(t, engine)
	if _, err := engine.Cluster("lab").Start(t.Context()); hint.ReasonOf(err) != hint.ResetUnfinished.Name ||
		!strings.Contains(hint.AdviceOf(err), "kindctl reset -n lab --to seeded") {
		t.Errorf("a start: %v; %s", err, hint.AdviceOf(err))
	}
	if plan, err := engine.Cluster("lab").Wake(t.Context()); err != nil || len(plan.Titles()) != 2 {
		t.Errorf("to wake it: %v, %v", plan.Titles(), err)
	}
}

// TestStartAfterDockerRestarted has Docker start the nodes by itself, in another
// order, so that control planes have each other's addresses.
func TestStartAfterDockerRestarted(t *testing.T) {
	for _, fixed := range []bool{true, false} {
		network := lan("kind")
		network.chosen = fixed
		d := runningLab(t, network, large...)
		d.neighbor("172.18.0.2")
		before := d.addresses()
		one, two := d.box("lab-control-plane"), d.box("lab-control-plane2")
		one.address, two.address = two.address, one.address
		one.files[addressFile], two.files[addressFile] = one.address.String(), two.address.String()
		plan, err := d.engine(t).Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"stop lab-control-plane at 172.18.0.4, because control planes are not where they were", "start lab-control-plane at 172.18.0.3"}
		if got := plan.Titles(); len(got) != 10 || got[0] != want[0] || got[5] != want[1] {
			t.Errorf("the plan is %q", got)
		}
		if err := plan.Run(t.Context(), span()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, d.addresses()); diff != "" {
			t.Errorf("fixed %v: addresses (-before +after):\n%s", fixed, diff)
		}
	}
}

// TestIPv6KeepsAddresses: members of etcd that know each other by IPv6 have these
// addresses again, after a stop and when Docker has mixed them.
func TestIPv6KeepsAddresses(t *testing.T) {
	d := runningLab(t, lanSix("kind"), large...)
	d.neighbor("fc00:1::2")
	before := d.addresses()
	engine := d.engine(t)
	if titles := stopped(t, engine); titles[0] != "stop lab-control-plane at fc00:1::3" {
		t.Errorf("stop does %q", titles)
	}
	start := func() (titles []string) {
		plan, err := engine.Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Run(t.Context(), span()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, d.addresses()); diff != "" {
			t.Errorf("addresses (-before +after):\n%s", diff)
		}
		return plan.Titles()
	}
	start()
	one, worker := d.box("lab-control-plane"), d.box("lab-worker")
	one.address, worker.address = worker.address, one.address
	for _, b := range []*box{one, worker} {
		b.fixed, b.files[addressFileIPv6] = netip.Addr{}, b.address.String()
	}
	if titles := start(); titles[0] != "stop lab-control-plane at fc00:1::6, because control planes are not where they were" {
		t.Errorf("start does %q", titles)
	}
}

// TestStartAfterDockerMixed has Docker give the addresses of control planes to
// the others, so that what was below the third one is no longer known.
func TestStartAfterDockerMixed(t *testing.T) {
	for _, fixed := range []bool{true, false} {
		network := lan("kind")
		network.chosen = fixed
		d := runningLab(t, network, "lab-control-plane", "lab-control-plane2", "lab-external-load-balancer", "lab-control-plane3", "lab-worker")
		d.neighbor("172.18.0.2")
		for name, address := range map[string]string{"lab-control-plane": "172.18.0.7", "lab-control-plane2": "172.18.0.5", "lab-external-load-balancer": "172.18.0.4", "lab-worker": "172.18.0.3"} {
			d.box(name).address = netip.MustParseAddr(address)
		}
		plan, err := d.engine(t).Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"start lab-control-plane at 172.18.0.3", "start lab-control-plane2 at 172.18.0.4",
			"start lab-external-load-balancer at another address: lab-control-plane2 is to have 172.18.0.4", "start lab-control-plane3 at 172.18.0.6",
			"start lab-worker at another address: lab-control-plane is to have 172.18.0.3"}
		if diff := cmp.Diff(want, plan.Titles()[5:]); diff != "" {
			t.Errorf("fixed %v: plan (-want +got):\n%s", fixed, diff)
		}
		if err := plan.Run(t.Context(), span()); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{"control-plane": "172.18.0.3", "control-plane2": "172.18.0.4", "external-load-balancer": "172.18.0.5", "control-plane3": "172.18.0.6", "worker": "172.18.0.7"}
		if diff := cmp.Diff(found, d.addresses()); diff != "" {
			t.Errorf("fixed %v: addresses (-want +got):\n%s", fixed, diff)
		}
	}
}

// TestStartElsewhere has someone take the addresses of a stopped cluster.
func TestStartElsewhere(t *testing.T) {
	network := lan("kind")
	network.chosen = true
	t.Run("one control plane takes another", func(t *testing.T) {
		d := runningLab(t, network, small...)
		engine := d.engine(t)
		stopped(t, engine)
		d.neighbor("172.18.0.3")
		plan, err := engine.Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"start lab-control-plane at another address: neighbor has 172.18.0.3 now", "start lab-worker at 172.18.0.4"}
		if diff := cmp.Diff(want, plan.Titles()); diff != "" {
			t.Errorf("plan (-want +got):\n%s", diff)
		}
		if err := plan.Run(t.Context(), span()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"control-plane": "172.18.0.2", "worker": "172.18.0.4"}, d.addresses()); diff != "" {
			t.Errorf("addresses (-want +got):\n%s", diff)
		}
	})
	t.Run("a node of the same cluster has it", func(t *testing.T) {
		d := runningLab(t, network, append(small, "lab-worker2")...)
		engine := d.engine(t)
		stopped(t, engine)
		second := d.box("lab-worker2") // as one that someone started by hand
		second.fixed, second.address, second.state = netip.Addr{}, netip.MustParseAddr("172.18.0.4"), "running"
		plan, err := engine.Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"start lab-worker at another address: lab-worker2 has 172.18.0.4 now", "start lab-control-plane at 172.18.0.3"}
		if diff := cmp.Diff(want, plan.Titles()); diff != "" {
			t.Errorf("plan (-want +got):\n%s", diff)
		}
	})
	t.Run("one of several cannot", func(t *testing.T) {
		d := runningLab(t, network, large...)
		engine := d.engine(t)
		stopped(t, engine)
		d.neighbor("172.18.0.4")
		_, err := engine.Cluster("lab").Start(t.Context())
		if hint.ReasonOf(err) != "ADDRESS_TAKEN" || !strings.Contains(err.Error(), "neighbor") || !strings.Contains(err.Error(), "lab-control-plane2") || hint.AdviceOf(err) == "" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("one of several got another", func(t *testing.T) {
		d := runningLab(t, lan("kind"), large[4], large[3], large[0], large[1], large[2]) // which keeps no addresses; .2 is free
		engine := d.engine(t)
		stopped(t, engine)
		plan, err := engine.Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = plan.Run(t.Context(), span())
		if hint.ReasonOf(err) != "ADDRESS_LOST" || !strings.Contains(err.Error(), "172.18.0.4") || !strings.Contains(hint.AdviceOf(err), "--network") {
			t.Errorf("error is %v", err)
		}
		for name, state := range d.addresses() {
			if state != "exited" {
				t.Errorf("%s is left %s", name, state)
			}
		}
	})
	t.Run("the network was made again", func(t *testing.T) {
		d := runningLab(t, lan("kind"), small...)
		engine := d.engine(t)
		stopped(t, engine)
		d.networks = []*bridge{{name: "kind", driver: "bridge", subnets: []netip.Prefix{netip.MustParsePrefix("172.30.0.0/16")}}}
		plan, err := engine.Cluster("lab").Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Run(t.Context(), span()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"control-plane": "172.30.0.2", "worker": "172.30.0.3"}, d.addresses()); diff != "" {
			t.Errorf("addresses (-want +got):\n%s", diff)
		}
	})
	t.Run("the network is gone", func(t *testing.T) {
		d := runningLab(t, lan("kind"), small...)
		engine := d.engine(t)
		stopped(t, engine)
		d.networks = nil
		if _, err := engine.Cluster("lab").Start(t.Context()); hint.ReasonOf(err) != "NETWORK_MISSING" || !strings.Contains(hint.AdviceOf(err), "--subnet 172.18.0.0/16 kind") {
			t.Errorf("error is %v (%s)", err, hint.AdviceOf(err))
		}
	})
}

func TestStartPaused(t *testing.T) {
	d := runningLab(t, lan("kind"), small...)
	d.box("lab-worker").state = "paused"
	plan, err := d.engine(t).Cluster("lab").Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"unpause lab-worker"}, plan.Titles()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if err := plan.Run(t.Context(), span()); err != nil || d.box("lab-worker").state != "running" {
		t.Errorf("the worker is %s, %v", d.box("lab-worker").state, err)
	}
}

func TestStartOnTakenPort(t *testing.T) {
	d := runningLab(t, lan("kind"), small...)
	engine := d.engine(t)
	stopped(t, engine)
	d.takenPort = "lab-control-plane"
	plan, err := engine.Cluster("lab").Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(t.Context(), span()); hint.ReasonOf(err) != "PORT_TAKEN" || !strings.Contains(err.Error(), "40001") {
		t.Errorf("error is %v", err)
	}
}

func TestNodes(t *testing.T) {
	d := runningLab(t, lan("kind"), small...)
	d.box("lab-worker").state = "exited"
	lab := d.engine(t).Cluster("lab")
	found, err := lab.Nodes(t.Context())
	if err != nil || len(found) != 2 {
		t.Fatalf("nodes are %+v, %v", found, err)
	}
	plane, worker := found[0], found[1]
	if api, has := plane.API(); !plane.Running() || !has || api != netip.MustParseAddrPort("127.0.0.1:40001") ||
		plane.Started.Unix() != 1767323045 ||
		plane.Address == "" {
		t.Errorf("the control plane is %+v, its API at %s", plane, api)
	}
	if _, has := worker.API(); worker.Running() || has || !worker.Started.IsZero() || worker.Address != "" {
		t.Errorf("the worker, which does not run, is %+v", worker)
	}
	if stopped, err := lab.Stopped(t.Context()); err != nil || !slices.Equal(stopped, []string{"lab-worker"}) {
		t.Errorf("stopped are %q, %v", stopped, err)
	}
}

// TestStartWithoutANode wants nothing to be started when a node is gone that the
// others remember.
func TestStartWithoutANode(t *testing.T) {
	d := runningLab(t, lan("kind"), small...)
	d.containers[0].files[metadataFile] = `{"nodes": ["lab-control-plane", "lab-worker", "lab-worker2"]}`
	engine := d.engine(t)
	stopped(t, engine)
	if _, err := engine.Cluster("lab").Start(t.Context()); hint.ReasonOf(err) != "NODE_LOST" || !strings.Contains(err.Error(), "is missing lab-worker2,") {
		t.Errorf("error is %v", err)
	}
}

func TestWhole(t *testing.T) {
	tests := []struct {
		name         string
		there, known []string
		lost         string
	}{
		{"small", small, nil, ""},
		{"large", large, nil, ""},
		{"a gap in the numbers", []string{"lab-control-plane", "lab-worker2"}, nil, "lab-worker"},
		{"no control plane", []string{"lab-worker"}, nil, "lab-control-plane"},
		{"no load balancer", large[:4], nil, "lab-external-load-balancer"},
		{"the last worker, as nodes remember", small[:1], small, "lab-worker"},
		{"two of them", []string{"lab-control-plane"}, []string{"lab-control-plane", "lab-worker", "lab-worker2"}, "lab-worker, lab-worker2"},
		{"a gap that is known", []string{"lab-control-plane", "lab-worker2"}, []string{"lab-control-plane", "lab-worker2"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var nodes []*Node
			for _, b := range runningLab(t, lan("kind"), tt.there...).containers {
				nodes = append(nodes, &Node{Name: b.name, Role: b.role})
			}
			err := missingContainers("lab", nodes, tt.known)
			if tt.lost == "" && err != nil || tt.lost != "" && (hint.ReasonOf(err) != "NODE_LOST" || !strings.Contains(err.Error(), "is missing "+tt.lost+",")) {
				t.Errorf("error is %v, want a loss of %q", err, tt.lost)
			}
		})
	}
}
