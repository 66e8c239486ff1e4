package snapshot

import (
	"strings"
	"testing"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestSnapshotFitsItsCluster(t *testing.T) {
	here := provider.Machine{Architecture: "x86_64", Kernel: "6.1", Cgroup: "2"}
	plane := &provider.Node{Name: "lab-control-plane", Role: "control-plane", Image: "sha256:1"}
	worker := &provider.Node{Name: "lab-worker", Role: "worker", Image: "sha256:1"}
	for name, test := range map[string]struct {
		nodes   []*provider.Node
		machine provider.Machine
		says    string
	}{
		"the same":              {[]*provider.Node{plane, worker}, here, ""},
		"a newer kernel":        {[]*provider.Node{plane, worker}, provider.Machine{Architecture: "x86_64", Kernel: "7.0", Cgroup: "2"}, ""},
		"another architecture":  {[]*provider.Node{plane, worker}, provider.Machine{Architecture: "aarch64", Cgroup: "2"}, "aarch64"},
		"other cgroups":         {[]*provider.Node{plane, worker}, provider.Machine{Architecture: "x86_64", Cgroup: "1"}, "cgroup v1"},
		"a node more":           {[]*provider.Node{plane, worker, {Name: "lab-worker2"}}, here, "were added since: lab-worker2"},
		"a node less":           {[]*provider.Node{plane}, here, "were removed since: lab-worker"},
		"a node of a new image": {[]*provider.Node{plane, {Name: "lab-worker", Role: "worker", Image: "sha256:2"}}, here, "lab-worker"},
	} {
		t.Run(name, func(t *testing.T) {
			m := Manifest{Name: "seeded", Cluster: "lab", Machine: here, Nodes: []Node{
				{Name: plane.Name, Role: plane.Role, Image: plane.Image}, {Name: worker.Name, Role: worker.Role, Image: worker.Image},
			}}
			err := m.fits(test.nodes, test.machine)
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if hint.ReasonOf(err) != hint.SnapshotForeign.Name || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
