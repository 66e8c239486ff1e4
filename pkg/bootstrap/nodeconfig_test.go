package bootstrap

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// TestUnaware wants pods to be given no more than the node may use.
func TestUnaware(t *testing.T) {
	node := func(cpu, memory string) *corev1.Node {
		return &corev1.Node{Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}}}
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
		clusters.Group{Role: clusters.ControlPlane, Count: 1, Ports: []clusters.Port{{ContainerPort: 80, HostPort: 8080}, {ContainerPort: 81}, {ContainerPort: 82, HostPort: 53, ListenAddress: "::", Protocol: "UDP"}}},
		clusters.Group{Role: clusters.Worker, Count: 2, Mounts: []clusters.Mount{{HostPath: "/a", ContainerPath: "/b"}}, CPUs: "0.5", Memory: "1Gi"},
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

// TestExistingConfig compares what is wanted with what a cluster was made of.
func TestExistingConfig(t *testing.T) {
	made, err := clusters.Profile("default")
	if err != nil {
		t.Fatal(err)
	}
	data, err := made.Encode()
	if err != nil {
		t.Fatal(err)
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: configNamespace, Name: configName}, Data: map[string]string{configKey: string(data)}}
	wanted := made
	wanted.FeatureGates = map[string]bool{"A": true}
	for name, tt := range map[string]struct {
		client *fake.Clientset
		wanted clusters.Topology
		want   string
	}{
		"the same":                    {fake.NewClientset(config), made, ""},
		"a feature gate":              {fake.NewClientset(config), wanted, "the feature gates: none, not A: true"},
		"made by an older kindctl":    {fake.NewClientset(), wanted, ""},
		"another number, told before": {fake.NewClientset(), clusters.Topology{ControlPlanes: 3, Workers: 2, CNI: "cilium", ProxyMode: "iptables"}, "the number of control planes is 1, not 3"},
	} {
		t.Run(name, func(t *testing.T) {
			u := NewUp(Config{Topology: tt.wanted, Sink: event.Discard})
			u.client = &kube.Client{Clientset: tt.client}
			got, err := u.differences(t.Context(), verify.Expectation{ControlPlanes: 1, Workers: 2, CNI: "cilium", ProxyMode: "iptables"})
			if err != nil || got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}
