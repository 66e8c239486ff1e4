package clusters

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestResized(t *testing.T) {
	gpu := map[string]string{"gpu": "yes"}
	grouped := Topology{}.WithNodes(
		Group{Role: ControlPlane, Count: 1}, Group{Role: Worker, Count: 2}, Group{Role: Worker, Count: 1, Labels: gpu},
	)
	tests := []struct {
		name string
		from Topology
		role string
		by   int
		want Topology
	}{
		{"a worker more", Topology{ControlPlanes: 1, Workers: 2}, Worker, 1, Topology{ControlPlanes: 1, Workers: 3}},
		{"a control plane less", Topology{ControlPlanes: 3}, ControlPlane, -1, Topology{ControlPlanes: 2}},
		{
			"like the first group",
			grouped,
			Worker,
			2,
			Topology{}.WithNodes(Group{Role: ControlPlane, Count: 1}, Group{Role: Worker, Count: 4}, Group{Role: Worker, Count: 1, Labels: gpu}),
		},
		{
			"the last group goes first",
			grouped,
			Worker,
			-2,
			Topology{}.WithNodes(Group{Role: ControlPlane, Count: 1}, Group{Role: Worker, Count: 1}),
		},
		{
			"the first of a role",
			Topology{}.WithNodes(Group{Role: ControlPlane, Count: 1}),
			Worker,
			1,
			Topology{}.WithNodes(Group{Role: ControlPlane, Count: 1}, Group{Role: Worker, Count: 1}),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.from.Resized(tt.role, tt.by), cmpopts.IgnoreUnexported(Topology{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if grouped.Workers != 3 || grouped.Groups[1].Count != 2 {
		t.Error("the topology itself was changed")
	}
}

func TestEtcdNames(t *testing.T) {
	for _, tt := range []struct {
		topology Topology
		want     []string
		members  int
	}{
		{Topology{Name: "lab", ControlPlanes: 3}, nil, 3},
		{Topology{Name: "lab", ControlPlanes: 1, Etcd: ExternalEtcd}, []string{"lab-external-etcd", "lab-external-etcd2", "lab-external-etcd3"}, 3},
		{Topology{Name: "lab", ControlPlanes: 3, EtcdMembers: 1}, []string{"lab-external-etcd"}, 1},
	} {
		if diff := cmp.Diff(tt.want, tt.topology.EtcdNames()); diff != "" || tt.topology.Members() != tt.members {
			t.Errorf("%d members, want %d (-want +got):\n%s", tt.topology.Members(), tt.members, diff)
		}
	}
}
