package timeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSeen(t *testing.T) {
	tests := []struct {
		name string
		seen time.Duration
		want Moment
	}{
		{"in the second", 400 * time.Millisecond, Moment{Time: start.Add(400 * time.Millisecond)}},
		{"late", s, Moment{Time: start, Coarse: true}},
		{"before it happened, by another clock", -s, Moment{Time: start.Add(-s)}},
	}
	for _, tt := range tests {
		if got := Seen(start, start.Add(tt.seen)); !got.Equal(tt.want.Time) || got.Coarse != tt.want.Coarse {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func at(d time.Duration) Moment { return Moment{Time: start.Add(d)} }

func coarse(d time.Duration) Moment { return Moment{start.Add(d), true} }

func TestSpansOfFacts(t *testing.T) {
	tests := []struct {
		name  string
		facts Facts
		want  []Span
	}{
		{"nothing", Facts{}, nil},
		{
			"a node's way", Facts{Nodes: []NodeFacts{{
				Name: "a", Kubernetes: true, Container: at(1 * s), Systemd: at(2 * s), Booted: at(4 * s), Containerd: at(3 * s), Runtime: at(3500 * time.Millisecond),
				Kubelet: at(5 * s), Registered: coarse(6 * s), Ready: at(8 * s),
			}}},
			[]Span{
				{Lane: Cluster, ID: "containers", Title: "containers started", Start: 1 * s, End: 1 * s, Outcome: Done},
				{Lane: Node, ID: "container", Title: "container, until systemd begins", Node: "a", Start: 1 * s, End: 2 * s, Outcome: Done},
				{Lane: Node, ID: "systemd", Title: "systemd boots", Node: "a", Start: 2 * s, End: 4 * s, Outcome: Done},
				{Lane: Node, ID: "containerd", Title: "containerd starts", Node: "a", Start: 3 * s, End: 3500 * time.Millisecond, Outcome: Done},
				{Lane: Cluster, ID: "systemd", Title: "systemd booted", Start: 4 * s, End: 4 * s, Outcome: Done},
				{Lane: Cluster, ID: "kubelets", Title: "kubelets started", Start: 5 * s, End: 5 * s, Outcome: Done},
				{Lane: Node, ID: "kubelet", Title: "kubelet, until the node is registered", Node: "a", Start: 5 * s, End: 6 * s, EndCoarse: true, Outcome: Done},
				{Lane: Cluster, ID: "registered", Title: "nodes registered", Start: 6 * s, End: 6 * s, StartCoarse: true, EndCoarse: true, Outcome: Done},
				{Lane: Node, ID: "ready", Title: "registered, until Ready", Node: "a", Start: 6 * s, End: 8 * s, StartCoarse: true, Outcome: Done},
				{Lane: Cluster, ID: "ready", Title: "nodes Ready", Start: 8 * s, End: 8 * s, Outcome: Done},
			},
		},
		{
			"a node that does not become Ready holds the cluster up; the load balancer does not",
			Facts{
				Nodes: []NodeFacts{
					{Name: "a", Kubernetes: true, Registered: at(2 * s), Ready: at(3 * s)},
					{Name: "b", Kubernetes: true, Registered: at(4 * s)},
					{Name: "lb", Container: at(0)},
				},
			},
			[]Span{
				{Lane: Cluster, ID: "containers", Title: "containers started", End: 10 * s, Outcome: Unfinished},
				{Lane: Node, ID: "container", Title: "container, until systemd begins", Node: "lb", Outcome: Done},
				{Lane: Cluster, ID: "registered", Title: "nodes registered", Start: 2 * s, End: 4 * s, Outcome: Done},
				{Lane: Node, ID: "ready", Title: "registered, until Ready", Node: "a", Start: 2 * s, End: 3 * s, Outcome: Done},
				{Lane: Cluster, ID: "ready", Title: "nodes Ready", Start: 3 * s, End: 10 * s, Outcome: Unfinished},
				{Lane: Node, ID: "ready", Title: "registered, until Ready", Node: "b", Start: 4 * s, End: 10 * s, Outcome: Unfinished},
			},
		},
		{
			"the CNI's agents are told from its other pods; a static pod runs before it is scheduled",
			Facts{CNI: "calico", API: coarse(2 * s), Pods: []PodFacts{
				{Name: "etcd-a", Workload: "etcd", Node: "a", Scheduled: coarse(3 * s), Started: coarse(1 * s), Ready: coarse(4 * s)},
				{Name: "calico-node-x", Workload: "calico-node", Agent: true, Node: "a", Scheduled: at(5 * s), Started: at(6 * s), Ready: at(8 * s)},
				{Name: "calico-kube-controllers-y", Workload: "calico-kube-controllers", Node: "a", Scheduled: at(5 * s)},
			}},
			[]Span{
				{Lane: Cluster, ID: "etcd", Title: "etcd started", Start: 1 * s, End: 1 * s, StartCoarse: true, EndCoarse: true, Outcome: Done},
				{Lane: Pod, ID: "etcd-a", Title: "etcd", Node: "a", Stage: "started", Start: 1 * s, End: 4 * s, StartCoarse: true, EndCoarse: true, Outcome: Done},
				{Lane: Cluster, ID: "api", Title: "API live", Start: 2 * s, End: 2 * s, StartCoarse: true, EndCoarse: true, Outcome: Done},
				{Lane: Pod, ID: "calico-kube-controllers-y", Title: "calico-kube-controllers", Node: "a", Stage: "scheduled", Start: 5 * s, End: 10 * s, Outcome: Unfinished},
				{Lane: Pod, ID: "calico-node-x", Title: "calico-node", Node: "a", Stage: "scheduled", Start: 5 * s, End: 6 * s, Outcome: Done},
				{Lane: Cluster, ID: "cni-started", Title: "CNI's pods started", Start: 6 * s, End: 6 * s, Outcome: Done},
				{Lane: Pod, ID: "calico-node-x", Title: "calico-node", Node: "a", Stage: "started", Start: 6 * s, End: 8 * s, Outcome: Done},
				{Lane: Cluster, ID: "cni-ready", Title: "CNI's pods ready", Start: 8 * s, End: 8 * s, Outcome: Done},
			},
		},
		{
			"an older cluster is left out", Facts{API: at(-60 * s), Nodes: []NodeFacts{{Name: "a", Kubernetes: true, Container: at(-90 * s), Registered: coarse(-50 * s), Ready: coarse(-40 * s)}}}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.facts.Asked = start.Add(10 * s)
			if diff := cmp.Diff(tt.want, tt.facts.Spans(start)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
