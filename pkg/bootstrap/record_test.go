package bootstrap

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/pkg/event"
)

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
	expectation := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kindctl"},
		Data: map[string]string{"expectation": `{"controlPlanes":1,"workers":2,"cni":"cilium","proxyMode":"iptables"}`}}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kindctl-config"}, Data: map[string]string{"config.yaml": string(data)}}
	wanted := made
	wanted.FeatureGates = map[string]bool{"A": true}
	for name, tt := range map[string]struct {
		client *fake.Clientset
		wanted clusters.Topology
		want   string
	}{
		"the same":                    {fake.NewClientset(expectation, config), made, ""},
		"a feature gate":              {fake.NewClientset(expectation, config), wanted, "the feature gates: none, not A: true"},
		"made by an older kindctl":    {fake.NewClientset(expectation), wanted, ""},
		"another number, told before": {fake.NewClientset(expectation), clusters.Topology{ControlPlanes: 3, Workers: 2, CNI: "cilium", ProxyMode: "iptables"}, "the number of control planes is 1, not 3"},
	} {
		t.Run(name, func(t *testing.T) {
			u := NewUp(Config{Topology: tt.wanted, Sink: event.Discard})
			u.client = &kube.Client{Clientset: tt.client}
			found, recorded, err := record.Read(t.Context(), u.client)
			if err != nil || !recorded {
				t.Fatalf("the record is not found: %v", err)
			}
			got, err := u.differences(t.Context(), found)
			if err != nil || got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}
