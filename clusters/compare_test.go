package clusters

import (
	"strings"
	"testing"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// TestDifferences changes one thing at a time.
func TestDifferences(t *testing.T) {
	made := func() Topology {
		t := valid().WithNodes(Group{Role: ControlPlane, Count: 1}, Group{Role: Worker, Count: 2, Labels: map[string]string{"a": "b"}, Memory: "2Gi"})
		t.Image, t.APIServerPort, t.FeatureGates = "node:1", 6443, map[string]bool{"A": true}
		return t
	}
	tests := []struct {
		name   string
		change func(*Topology)
		want   string // none means the same shape
	}{
		{"the same", func(*Topology) {}, ""},
		{"no image in particular", func(t *Topology) { t.Image, t.APIServerPort = "", 0 }, ""},
		{"another image", func(t *Topology) { t.Image = "node:2" }, "the node image: node:1, not node:2"},
		{"longer wanted", func(t *Topology) { t.TTL = 1 }, ""},
		{"nothing in other words", func(t *Topology) { t.RuntimeConfig, t.Manifests = map[string]bool{}, []Manifest{} }, ""},
		{"the same groups in other words", func(t *Topology) {
			w := t.Groups[1]
			w.Count = 1
			*t = t.WithNodes(t.Groups[0], w, w)
		}, ""},
		{"another subnet", func(t *Topology) { t.PodSubnet = "10.0.0.0/16" }, "the pod subnet: 10.244.0.0/16, not 10.0.0.0/16"},
		{"no gate", func(t *Topology) { t.FeatureGates = nil }, "the feature gates: A: true, not none"},
		{"a manifest", func(t *Topology) { t.Manifests = []Manifest{{File: "/a"}} }, "the manifests: none, not - file: /a"},
		{"another label on one node", func(t *Topology) {
			w := t.Groups[1]
			w.Count, w.Labels = 1, map[string]string{"a": "c"}
			v := t.Groups[1]
			v.Count = 1
			*t = t.WithNodes(t.Groups[0], v, w)
		}, "labels of lab-worker2: a: b, not a: c"},
		{"plain nodes", func(t *Topology) { t.Groups = nil }, "labels of lab-worker: a: b, not none, memory of lab-worker: 2Gi, not none"},
		{"kind's own", func(t *Topology) { t.Raw = &v1alpha4.Cluster{Name: "x"} }, "kindConfig: none, not name: x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wanted := made()
			tt.change(&wanted)
			got := made().Differences(wanted)
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
