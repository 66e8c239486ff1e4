package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/clusters"
)

func TestPrintSummary(t *testing.T) {
	tests := []struct {
		name     string
		topology clusters.Topology
		want     []string
		not      string
	}{
		{
			"default", clusters.Topology{Name: "lab", ControlPlanes: 1, Workers: 2, CNI: "calico", ProxyMode: "nftables"},
			[]string{"Cluster lab is up and verified after 42s: 30 passed.", "1 control plane, 2 workers", "CNI calico, kube-proxy in mode nftables", "kubectl --context kind-lab get nodes", "kindctl down -n lab\n"}, "planes,",
		},
		{
			"no kube-proxy", clusters.Topology{Name: "lab", ControlPlanes: 3, Workers: 0, CNI: "cilium", ProxyMode: "none"},
			[]string{"3 control planes, 0 workers", "CNI cilium, no kube-proxy"}, "mode none",
		},
		{
			"no CNI", clusters.Topology{Name: "lab", ControlPlanes: 1, Workers: 1, CNI: "none", ProxyMode: "iptables"},
			[]string{"as far as it can be without a CNI", "1 control plane, 1 worker\n", "once a CNI is installed"}, "verified after",
		},
		{
			"ports", clusters.Topology{Name: "lab", CNI: "cilium", ProxyMode: "iptables"}.WithNodes(
				clusters.Group{
					Role:  clusters.ControlPlane,
					Count: 1,
					Ports: []clusters.Port{{HostPort: 8080, ContainerPort: 30080}, {ContainerPort: 53, Protocol: "UDP"}},
				},
			), []string{"(now the current one)\n  port        127.0.0.1:8080 is 30080/tcp of lab-control-plane\n  port        a free one is 53/udp of lab-control-plane: docker port lab-control-plane\n\nNext:"}, ":0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			printSummary(&out, tt.topology, "v1.37.2", "30 passed", 42*time.Second, "create 20s, verify 18s", false)
			for _, text := range append(tt.want, "v1.37.2", "\n\nLongest: create 20s, verify 18s\n") {
				if !strings.Contains(out.String(), text) {
					t.Errorf("no %q in\n%s", text, out.String())
				}
			}
			if strings.Contains(out.String(), tt.not) {
				t.Errorf("%q is in\n%s", tt.not, out.String())
			}
		})
	}
}
