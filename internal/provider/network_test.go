package provider

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// ours is who makes networks here.
var ours = Metadata{Owner: "eve@desk", Run: "r1"}

func TestNetworkIsMadeAndRemoved(t *testing.T) {
	for _, six := range []bool{true, false} {
		d := &dockerd{refuseIPv6: !six}
		engine := d.engine(t)
		if made, err := engine.EnsureNetwork(t.Context(), "lab-net", ours); err != nil || !made {
			t.Fatalf("made is %v, %v", made, err)
		}
		if made, err := engine.EnsureNetwork(t.Context(), "lab-net", ours); err != nil || made {
			t.Errorf("made again is %v, %v", made, err)
		}
		if there, err := engine.HasNetwork(t.Context(), "lab-net"); err != nil || !there {
			t.Errorf("the network is there: %v, %v", there, err)
		}
		network := d.bridge("lab-net")
		if !network.chosen || network.subnets[0].String() != "172.25.0.0/16" || len(network.subnets) > 1 != six ||
			!cmp.Equal(network.labels, map[string]string{networkLabel: finalNetwork, ownerLabel: ours.Owner, runLabel: ours.Run}) {
			t.Errorf("the network is %+v", network)
		}
		d.containers = []*box{{name: "lab-control-plane", cluster: "lab", network: "lab-net", state: "exited"}, {name: "store", companion: "lab", network: "lab-net", state: "running"}}
		if removed, err := engine.RemoveNetwork(t.Context(), "lab-net"); err != nil || removed {
			t.Errorf("a network with a stopped container is removed: %v, %v", removed, err)
		}
		for cluster, alone := range map[string]bool{"lab": true, "other": false} {
			if made, spare, err := engine.NetworkUse(t.Context(), "lab-net", cluster); err != nil || !made || spare != alone {
				t.Errorf("the network with containers that go with lab alone: made %v, spare for %s %v, %v", made, cluster, spare, err)
			}
		}
		d.containers = nil
		if removed, err := engine.RemoveNetwork(t.Context(), "lab-net"); err != nil || !removed {
			t.Errorf("an empty network stays: %v, %v", removed, err)
		}
		want := []string{"create network lab-net draft", "remove network lab-net", "create network lab-net final", "remove network lab-net"}
		if diff := cmp.Diff(want, d.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}
}

// TestNetworkHasItsSubnetsAgain wants a network with certain subnets, or an error.
func TestNetworkHasItsSubnetsAgain(t *testing.T) {
	four, six := netip.MustParsePrefix("172.30.0.0/16"), netip.MustParsePrefix("fd00:30::/64")
	d := &dockerd{}
	engine := d.engine(t)
	if made, err := engine.EnsureNetwork(t.Context(), "lab-net", ours, four, six); err != nil || !made {
		t.Fatalf("made is %v, %v", made, err)
	}
	found, err := engine.Subnets(t.Context(), "lab-net")
	if diff := cmp.Diff([]string{four.String(), six.String()}, []string{found[0].String(), found[1].String()}); err != nil || diff != "" {
		t.Errorf("%v, subnets (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"create network lab-net final"}, d.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for address, want := range map[string]string{"172.30.0.7": "", "172.31.0.7": "do not contain 172.31.0.7"} {
		problem, err := engine.AddressProblem(t.Context(), "lab-net", []netip.Addr{netip.MustParseAddr(address)})
		if err != nil || !strings.Contains(problem, want) || (want == "") != (problem == "") {
			t.Errorf("%s: %q, %v", address, problem, err)
		}
	}
	if problem, err := engine.AddressProblem(t.Context(), "missing", []netip.Addr{netip.MustParseAddr("172.30.0.7")}); err != nil || problem != "" {
		t.Errorf("a network that is not there: %q, %v", problem, err)
	}
	refusing := (&dockerd{refuseIPv6: true}).engine(t)
	if _, err := refusing.EnsureNetwork(t.Context(), "lab-net", ours, four, six); hint.ReasonOf(err) != hint.SubnetTaken.Name {
		t.Errorf("subnets that Docker refuses: %v", err)
	}
}

func TestOthersNetworksStay(t *testing.T) {
	d := &dockerd{networks: []*bridge{lan("kind")}}
	if removed, err := d.engine(t).RemoveNetwork(t.Context(), "kind"); err != nil || removed || len(d.networks) != 1 {
		t.Errorf("a network that kindctl did not make is removed: %v, %v", removed, err)
	}
	if made, spare, err := d.engine(t).NetworkUse(t.Context(), "kind", "lab"); err != nil || made || spare {
		t.Errorf("a network that kindctl did not make: made %v, spare %v, %v", made, spare, err)
	}
}

// TestDraftOfAKilledProcess wants what was not finished to be made again.
func TestDraftOfAKilledProcess(t *testing.T) {
	draft := lan("lab-net")
	draft.labels = map[string]string{networkLabel: draftNetwork}
	d := &dockerd{networks: []*bridge{draft}}
	engine := d.engine(t)
	if there, err := engine.HasNetwork(t.Context(), "lab-net"); err != nil || there {
		t.Errorf("a draft counts as a network: %v, %v", there, err)
	}
	if made, err := engine.EnsureNetwork(t.Context(), "lab-net", ours); err != nil || !made || !d.bridge("lab-net").chosen {
		t.Errorf("made is %v, %v", made, err)
	}
}

func TestUnfitNetworks(t *testing.T) {
	overlay, internal := lan("swarm"), lan("closed")
	overlay.driver, internal.internal = "overlay", true
	engine := (&dockerd{networks: []*bridge{overlay, internal, lan("bridge"), lan("fine"), lan("old")}}).engine(t)
	for name, want := range map[string]string{"swarm": "its driver is overlay", "closed": "internal", "bridge": "by name", "a b": "no name", "fine": "", "new": "", "old": "it has no IPv6"} {
		err := engine.CheckNetwork(t.Context(), name, name == "old")
		if want == "" && err != nil ||
			want != "" && (hint.CodeOf(err) != hint.Usage || !strings.Contains(err.Error(), want) || hint.AdviceOf(err) == "") {
			t.Errorf("network %q: %v, want %q", name, err, want)
		}
	}
}
