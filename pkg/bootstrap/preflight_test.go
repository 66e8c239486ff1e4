package bootstrap

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/host"
)

// TestNeeds holds what each choice asks of the kernel.
func TestNeeds(t *testing.T) {
	tests := []struct {
		name     string
		topology clusters.Topology
		want     []host.Feature
	}{
		{"Cilium on one node", clusters.Topology{ControlPlanes: 1, CNI: "cilium"}, []host.Feature{host.BPF}},
		{"Cilium between nodes", clusters.Topology{ControlPlanes: 1, Workers: 2, CNI: "cilium"}, []host.Feature{host.BPF, host.VXLAN}},
		{"Calico routes where there is no VXLAN", clusters.Topology{ControlPlanes: 1, Workers: 2, CNI: "calico", ProxyMode: "iptables"}, nil},
		{"nftables", clusters.Topology{ControlPlanes: 1, CNI: "calico", ProxyMode: "nftables"}, []host.Feature{host.NFTables}},
		{"ipvs", clusters.Topology{ControlPlanes: 1, CNI: "none", ProxyMode: "ipvs"}, []host.Feature{host.IPVS}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []host.Feature
			for _, need := range needs(tt.topology).Features {
				got = append(got, need.Feature)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("features (-want +got):\n%s", diff)
			}
		})
	}
}
