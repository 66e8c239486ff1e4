package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestClusterEnvironment(t *testing.T) {
	got := clusterEnvironment([]string{"PATH=/bin", "KUBECONFIG=/home/me", "KINDCTL_KUBECONFIG=x", "KINDCTL_CONTEXT=prod", "KINDCTL_NAME=a", "KIND_CLUSTER_NAME=b", "KINDCTL_CNI=calico"}, "run-1", "/tmp/k")
	if diff := cmp.Diff([]string{"PATH=/bin", "KINDCTL_CNI=calico", "KUBECONFIG=/tmp/k", "KINDCTL_NAME=run-1"}, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestRedirect(t *testing.T) {
	for _, tt := range []struct{ had, advice, want string }{
		{"kubectl describe nodes", "look into d", "kubectl describe nodes\nlook into d"},
		{"run again with --retain and look: kubectl describe nodes", "look into d", "look into d"},
		{"kubectl describe nodes", "", "kubectl describe nodes"},
		{"", "look into d", "look into d"},
	} {
		failure := hint.New(hint.Timeout, "X", "late", tt.had)
		redirect(failure, tt.advice)
		if failure.Advice != tt.want {
			t.Errorf("advice %q and %q make %q, want %q", tt.had, tt.advice, failure.Advice, tt.want)
		}
	}
}
