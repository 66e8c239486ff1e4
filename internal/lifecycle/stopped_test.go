package lifecycle

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/provider"
)

func TestQuorumLost(t *testing.T) {
	cluster := func(states ...string) provider.Inventory {
		found := provider.Inventory{Cluster: "lab", Nodes: []*provider.Node{{Name: "lab-worker", Role: "worker", State: "exited"}}}
		for i, state := range states {
			found.Nodes = append(found.Nodes, &provider.Node{Name: provider.NodeName("lab", "control-plane", i+1), Role: "control-plane", State: state})
		}
		return found
	}
	external := cluster("running")
	for i, state := range []string{"exited", "exited", "running"} {
		external.Nodes = append(external.Nodes, &provider.Node{Name: provider.NodeName("lab", "external-etcd", i+1), Role: "external-etcd", State: state})
	}
	for _, tt := range []struct {
		name  string
		found provider.Inventory
		want  string
	}{
		{"all run", cluster("running", "running", "running"), ""},
		{"one of three", cluster("running", "exited", "running"), ""},
		{"two of three", cluster("running", "exited", "paused"), "1 of 3 members run, and a quorum is 2; these do not: lab-control-plane2, lab-control-plane3"},
		{"the only one", cluster("exited"), "0 of 1 members run"},
		{"two of three that are external", external, "these do not: lab-external-etcd, lab-external-etcd2"},
		{"no cluster", provider.Inventory{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := quorumLost(tt.found)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
