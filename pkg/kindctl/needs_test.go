package kindctl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
)

// TestPossibleNeeds wants every feature once for each purpose, and none optional that
// the topology itself needs.
func TestPossibleNeeds(t *testing.T) {
	topology, err := clusters.Profile("default")
	if err != nil {
		t.Fatal(err)
	}
	topology.Name = "lab"
	optional := map[host.Feature]bool{}
	count := map[host.Need]int{}
	needs, err := possibleNeeds(topology)
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range needs.Features {
		optional[need.Feature] = need.Optional
		count[host.Need{Feature: need.Feature, For: need.For}]++
	}
	want := map[host.Feature]bool{
		host.XTStatistic: false, host.BPF: false, host.VXLAN: true, host.CgroupBPF: true,
		host.NFTables: true, host.NFTNumgen: true, host.IPVS: true, host.IPSet: true, host.IPv6: true, host.XTSet: true,
	}
	if diff := cmp.Diff(want, optional); diff != "" {
		t.Errorf("features, and whether they are optional (-want +got):\n%s", diff)
	}
	for need, n := range count {
		if n != 1 {
			t.Errorf("%s for %s is there %d times", need.Feature, need.For, n)
		}
	}
}

// TestNeeds holds what each choice asks of the kernel.
func TestNeeds(t *testing.T) {
	tests := []struct {
		name     string
		topology clusters.Topology
		want     []host.Feature
	}{
		{"Cilium on one node", clusters.Topology{ControlPlanes: 1, CNI: "cilium"}, []host.Feature{host.BPF}},
		{"Cilium alone", clusters.Topology{ControlPlanes: 1, CNI: "cilium", ProxyMode: "none"}, []host.Feature{host.BPF, host.CgroupBPF}},
		{"Cilium between nodes", clusters.Topology{ControlPlanes: 1, Workers: 2, CNI: "cilium"}, []host.Feature{host.BPF}},
		{"Cilium as in production", clusters.Topology{ControlPlanes: 1, Workers: 2, CNI: "cilium", Fidelity: fidelity.Production}, []host.Feature{host.BPF, host.VXLAN}},
		{"Calico routes where there is no VXLAN", clusters.Topology{ControlPlanes: 1, Workers: 2, CNI: "calico", ProxyMode: "iptables"}, []host.Feature{host.XTStatistic, host.IPSet, host.XTSet}},
		{"nftables", clusters.Topology{ControlPlanes: 1, CNI: "calico", ProxyMode: "nftables"}, []host.Feature{host.NFTables, host.NFTNumgen}},
		{"ipvs", clusters.Topology{ControlPlanes: 1, CNI: "none", ProxyMode: "ipvs"}, []host.Feature{host.IPVS, host.IPSet, host.XTSet}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needs, err := Needs(tt.topology)
			if err != nil {
				t.Fatal(err)
			}
			var got []host.Feature
			for _, need := range needs.Features {
				got = append(got, need.Feature)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("features (-want +got):\n%s", diff)
			}
		})
	}
}
