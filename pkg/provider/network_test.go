package provider

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/event"
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
			!cmp.Equal(network.labels, map[string]string{NetworkLabel: finalNetwork, OwnerLabel: ours.Owner, RunLabel: ours.Run}) {
			t.Errorf("the network is %+v", network)
		}
		d.containers = []*box{{name: "lab-control-plane", cluster: "lab", network: "lab-net", state: "exited"}, {name: "store", companion: "lab", network: "lab-net", state: "running"}}
		if removed, err := engine.DiscardNetwork(t.Context(), "lab-net"); err != nil || removed {
			t.Errorf("a network with a stopped container is removed: %v, %v", removed, err)
		}
		for cluster, alone := range map[string]bool{"lab": true, "other": false} {
			if made, spare, err := engine.NetworkUse(t.Context(), "lab-net", cluster); err != nil || !made || spare != alone {
				t.Errorf("the network with containers that go with lab alone: made %v, spare for %s %v, %v", made, cluster, spare, err)
			}
		}
		d.containers = nil
		if removed, err := engine.DiscardNetwork(t.Context(), "lab-net"); err != nil || !removed {
			t.Errorf("an empty network stays: %v, %v", removed, err)
		}
		want := []string{"create network lab-net draft", "remove network lab-net", "create network lab-net final", "remove network lab-net"}
		if diff := cmp.Diff(want, d.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}
}

func TestOthersNetworksStay(t *testing.T) {
	d := &dockerd{networks: []*bridge{lan("kind")}}
	if removed, err := d.engine(t).DiscardNetwork(t.Context(), "kind"); err != nil || removed || len(d.networks) != 1 {
		t.Errorf("a network that kindctl did not make is removed: %v, %v", removed, err)
	}
	if made, spare, err := d.engine(t).NetworkUse(t.Context(), "kind", "lab"); err != nil || made || spare {
		t.Errorf("a network that kindctl did not make: made %v, spare %v, %v", made, spare, err)
	}
}

// TestDraftOfAKilledProcess wants what was not finished to be made anew.
func TestDraftOfAKilledProcess(t *testing.T) {
	draft := lan("lab-net")
	draft.labels = map[string]string{NetworkLabel: draftNetwork}
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
		if want == "" && err != nil || want != "" && (hint.CodeOf(err) != hint.Usage || !strings.Contains(err.Error(), want) || hint.AdviceOf(err) == "") {
			t.Errorf("network %q: %v, want %q", name, err, want)
		}
	}
}

// TestNetworkVariable wants the variable to be as it was once kind has ended, and
// creations on the network that kind takes by itself to go on side by side.
func TestNetworkVariable(t *testing.T) {
	t.Setenv(networkVariable, "mine")
	err := onNetwork("lab-net", func() error {
		if got := os.Getenv(networkVariable); got != "lab-net" {
			t.Errorf("kind reads %q", got)
		}
		return nil
	})
	if got := os.Getenv(networkVariable); err != nil || got != "mine" {
		t.Errorf("after kind has ended, the variable is %q, %v", got, err)
	}
	if err := os.Unsetenv(networkVariable); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("kind has failed")
	if err := onNetwork("lab-net", func() error { return failure }); err != failure { //nolint:errorlint // it comes back as it is
		t.Errorf("error is %v", err)
	}
	if got, set := os.LookupEnv(networkVariable); set {
		t.Errorf("the variable is left at %q", got)
	}
	_ = onNetwork(usersNetwork, func() error {
		return onNetwork(usersNetwork, func() error {
			if got, set := os.LookupEnv(networkVariable); set {
				t.Errorf("kind reads %q", got)
			}
			return nil
		})
	})
}

// TestWarnings wants kind's warnings to be passed on once, but not those that say
// nothing new.
func TestWarnings(t *testing.T) {
	recorder := &event.Recorder{}
	w := warnings{sink: recorder}
	w.Warn("WARNING: Overriding docker network due to " + networkVariable)
	w.Warn("WARNING: Here be dragons! This is not supported currently.")
	w.Warn("cgroup v1 is deprecated in Kubernetes and will not be supported")
	w.V(0).Info("Creating cluster \"lab\" ...")
	w.Warnf("cluster name %q is probably too long\n", "lab")
	var got []string
	for _, e := range recorder.Events() {
		got = append(got, string(e.Kind)+" "+e.Message)
	}
	if want := []string{`warning cluster name "lab" is probably too long`}; !cmp.Equal(got, want) {
		t.Errorf("events are %q, want %q", got, want)
	}
}

func TestClash(t *testing.T) {
	for message, want := range map[string]int32{
		"driver failed programming external connectivity on endpoint lab-control-plane (1f): Bind for 127.0.0.1:40001 failed: port is already allocated": 40001,
		"Error starting userland proxy: listen tcp4 127.0.0.1:40002: bind: address already in use":                                                       40002,
		"failed to bind host port for 127.0.0.1:40003:172.18.0.2:6443/tcp: address already in use":                                                       40003,
		"failed to bind host port [::1]:40004/tcp: address already in use":                                                                               40004,
		"Address already in use":        -1, // an address of the network
		"pull access denied for a/b:80": -1,
	} {
		port, is := clash(failure{message: message})
		if is != (want >= 0) || is && port != want {
			t.Errorf("%q: port %d, %v; want %d", message, port, is, want)
		}
	}
}

// TestPortsAreTriedAgain wants another attempt when a port that kind chose was
// taken, and none when the user wants that port.
func TestPortsAreTriedAgain(t *testing.T) {
	taken := failure{message: "Bind for 127.0.0.1:40001 failed: port is already allocated"}
	for wish, want := range map[int32]int{0: 3, 40001: 1, 40002: 3} {
		p, tries := (&dockerd{}).engine(t), 0
		config := &v1alpha4.Cluster{Name: "lab", Networking: v1alpha4.Networking{APIServerPort: wish}}
		err := p.withFreePorts(t.Context(), config, func() error {
			if tries++; tries < 3 {
				return taken
			}
			return nil
		})
		if tries != want || (err == nil) != (want == 3) {
			t.Errorf("with port %d: %d tries, %v", wish, tries, err)
		}
	}
}
