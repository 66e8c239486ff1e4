package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClusterEnvironment(t *testing.T) {
	got := clusterEnvironment([]string{"PATH=/bin", "KUBECONFIG=/home/me", "KINDCTL_KUBECONFIG=x", "KINDCTL_CONTEXT=prod", "KINDCTL_NAME=a", "KIND_CLUSTER_NAME=b", "KINDCTL_CNI=calico"}, "run-1", "/tmp/k")
	if diff := cmp.Diff([]string{"PATH=/bin", "KINDCTL_CNI=calico", "KUBECONFIG=/tmp/k", "KINDCTL_NAME=run-1"}, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
