package clusters

import (
	"strings"
	"testing"

	_ "github.com/kindctl/kindctl/addons" // registers the CNIs
	"github.com/kindctl/kindctl/addons/cilium"
)

func TestCiliumSettings(t *testing.T) {
	const head = "apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\nname: lab\n"
	topology, err := Decode([]byte(head+"cilium:\n  hubble: true\n  values:\n    hubble:\n      relay: {enabled: true}\n"), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings := topology.CNISettings["cilium"].(*cilium.Settings)
	if !settings.Hubble || settings.Values["hubble"].(map[string]any)["relay"].(map[string]any)["enabled"] != true {
		t.Errorf("it reads %+v", settings)
	}
	if place := topology.Place("cilium.values[hubble][relay][enabled]"); place != "lab.yaml:8: " {
		t.Errorf("the value is at %q", place)
	}
	if _, err := topology.Validate(); err != nil {
		t.Error(err)
	}
	if differences := topology.Differences(Topology{ControlPlanes: 1, Workers: 2}); !strings.Contains(differences, "the settings of Cilium") {
		t.Errorf("it differs in %q", differences)
	}
	topology, err = Decode([]byte(head+"cni: calico\ncilium: {l7Proxy: true}\n"), "lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topology.Validate(); err == nil || !strings.Contains(err.Error(), "lab.yaml:5: cilium has settings, but the CNI is calico") {
		t.Errorf("the error is %v", err)
	}
	const gateway = head + "cilium:\n  gatewayAPI: true\nproxyMode: "
	for mode, want := range map[string]string{"none": "", "iptables": "lab.yaml:5: gatewayAPI with proxyMode iptables: Cilium serves Gateway API only in kube-proxy's place; write proxyMode: none"} {
		if topology, err = Decode([]byte(gateway+mode+"\n"), "lab.yaml"); err != nil {
			t.Fatal(err)
		}
		if _, err := topology.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("with proxyMode %s the error is %v, want %q", mode, err, want)
		}
	}
	if _, err := Decode([]byte(head+"cilium: {l7proxy: true}\n"), "lab.yaml"); err == nil || !strings.Contains(err.Error(), `lab.yaml:4: there is no field "l7proxy"`) {
		t.Errorf("the error is %v", err)
	}
}
