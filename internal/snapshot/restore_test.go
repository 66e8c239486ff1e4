package snapshot

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestSnapshotFitsNewNodes(t *testing.T) {
	m := Manifest{Name: "seeded", Cluster: "lab", Nodes: []Node{
		{Name: "lab-control-plane", Role: "control-plane", Image: "sha256:1", ImageName: "node:1"},
		{Name: "lab-worker", Role: "worker", Image: "sha256:1", ImageName: "node:1"},
	}}
	plane := provider.PlannedNode{Name: "lab-control-plane", Role: "control-plane", Image: "node:1"}
	worker := provider.PlannedNode{Name: "lab-worker", Role: "worker", Image: "node:1"}
	front := provider.PlannedNode{Name: "lab-external-load-balancer", Role: "external-load-balancer", Image: "haproxy"}
	second := provider.PlannedNode{Name: "lab-worker2", Role: "worker", Image: "node:1"}
	for name, tt := range map[string]struct {
		planned []provider.PlannedNode
		image   string
		says    string
	}{
		"the same":                          {[]provider.PlannedNode{plane, worker}, "sha256:1", ""},
		"behind a load balancer":            {[]provider.PlannedNode{plane, worker, front}, "sha256:1", ""},
		"a node more":                       {[]provider.PlannedNode{plane, worker, second}, "sha256:1", "lab-worker2"},
		"a node of another name":            {[]provider.PlannedNode{plane, second}, "sha256:1", "lab-worker2"},
		"another image":                     {[]provider.PlannedNode{plane, worker}, "sha256:2", "sha256:2"},
		"an image that Docker has not, yet": {[]provider.PlannedNode{plane, worker}, "", ""},
	} {
		err := m.fitsPlanned(tt.planned, map[string]string{"node:1": tt.image})
		if tt.says == "" && err != nil || tt.says != "" && (hint.ReasonOf(err) != hint.RestoreImpossible.Name || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFixedAddresses(t *testing.T) {
	address := func(text string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(text)} }
	first := Node{Name: "lab-control-plane", Role: "control-plane", Addresses: address("172.18.0.2")}
	second := Node{Name: "lab-control-plane2", Role: "control-plane", Addresses: address("172.18.0.3")}
	worker := Node{Name: "lab-worker", Role: "worker", Addresses: address("172.18.0.4")}
	member := Node{Name: "lab-external-etcd", Role: "external-etcd", Addresses: address("172.18.0.5")}
	for name, tt := range map[string]struct {
		nodes []Node
		want  []netip.Addr
	}{
		"one control plane":      {[]Node{first, worker}, nil},
		"several control planes": {[]Node{first, second, worker}, append(address("172.18.0.2"), address("172.18.0.3")...)},
		"etcd beside them":       {[]Node{first, second, worker, member}, nil},
	} {
		r := NewRestore(Manifest{Cluster: "lab", Nodes: tt.nodes}, ResetConfig{})
		if diff := cmp.Diff(tt.want, r.Fixed(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
