package kindctl

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/hint"
)

// topology is the default one with changes.
func topology(t *testing.T, config string) clusters.Topology {
	t.Helper()
	decoded, err := clusters.Decode([]byte("apiVersion: kindctl.dev/v1alpha1\nkind: Cluster\n"+config), "test")
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestRefuseOther(t *testing.T) {
	for wanted, difference := range map[string]string{
		"cni: cilium":                 "",
		"name: lab\nttl: 1h":          "",
		"ipFamily: ipv4":              "",
		"cni: calico":                 "the CNI is cilium, not calico",
		"workers: 5":                  "the number of workers is 2, not 5",
		"ipFamily: dual":              "the IP family: ipv4, not dual",
		"kubernetesVersion: \"1.36\"": "the version of Kubernetes is " + releases.Supported[0] + ", not v1.36",
		"kubernetesVersion: " + releases.Supported[0]: "",
	} {
		other := topology(t, wanted)
		err := refuseOther(topology(t, ""), &other)
		switch {
		case difference == "" && err != nil:
			t.Errorf("%s is refused: %v", wanted, err)
		case difference != "" && (hint.ReasonOf(err) != hint.PoolDiffers.Name || !strings.Contains(err.Error(), difference)):
			t.Errorf("%s gives %v, want %q", wanted, err, difference)
		}
	}
	if err := refuseOther(topology(t, "cni: calico"), nil); err != nil {
		t.Errorf("whatever the pool has is refused: %v", err)
	}
}

func TestRefuseUnique(t *testing.T) {
	if err := refuseUnique(topology(t, "apiServerPort: 0")); err != nil {
		t.Error(err)
	}
	for _, config := range []string{"apiServerPort: 7443", "nodes: [{role: control-plane, ports: [{containerPort: 80, hostPort: 8080}]}]"} {
		if err := refuseUnique(topology(t, config)); hint.ReasonOf(err) != hint.PoolImpossible.Name {
			t.Errorf("%s gives %v", config, err)
		}
	}
}
