package bootstrap

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/host"
)

// TestLimitNotKnown wants pods to be given no more than the node may use.
func TestLimitNotKnown(t *testing.T) {
	node := func(cpu, memory string) *corev1.Node {
		return &corev1.Node{
			Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}},
		}
	}
	asked := clusters.Group{CPUs: "1.5", Memory: "2Gi"}
	tests := []struct {
		name  string
		node  *corev1.Node
		asked clusters.Group
		want  string
	}{
		{"what was asked", node("1500m", "2Gi"), asked, ""},
		{"less, for huge pages", node("1", "1Gi"), asked, ""},
		{"another way to count", node("1500m", "2050Mi"), asked, ""},
		{"the whole machine's processors", node("8", "2Gi"), asked, "8 processors of 1.5"},
		{"the whole machine's memory", node("1500m", "16Gi"), asked, "16Gi of memory of 2Gi"},
		{"no limit", node("8", "16Gi"), clusters.Group{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := limitNotKnown(tt.node, tt.asked); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNeedsOfNodes collects what nodes ask of the host.
func TestNeedsOfNodes(t *testing.T) {
	got := Needs(clusters.Topology{Name: "lab"}.WithNodes(
		clusters.Group{
			Role:  clusters.ControlPlane,
			Count: 1,
			Ports: []clusters.Port{
				{ContainerPort: 80, HostPort: 8080},
				{ContainerPort: 81},
				{ContainerPort: 82, HostPort: 53, ListenAddress: "::", Protocol: "UDP"},
			},
		},
		clusters.Group{
			Role:   clusters.Worker,
			Count:  2,
			Mounts: []clusters.Mount{{HostPath: "/a", ContainerPath: "/b"}},
			CPUs:   "0.5",
			Memory: "1Gi",
		},
	), nil)
	var ports []string
	for _, port := range got.Ports {
		ports = append(ports, port.String())
	}
	if diff := cmp.Diff([]string{"127.0.0.1:8080/tcp", "[::]:53/udp"}, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/a"}, got.Mounts); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]host.Limit{{Node: "lab-worker", MilliCPUs: 500, Bytes: 1 << 30}, {Node: "lab-worker2", MilliCPUs: 500, Bytes: 1 << 30}}, got.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}
