package bootstrap

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindctl/kindctl/pkg/event"
)

func (u *Up) asInProduction() string {
	if u.Topology.Production() {
		return "fidelity production"
	}
	return ""
}

// quickDNS has CoreDNS asked every second whether it is ready, not every 10 s. A
// kubelet that has just started waits up to a period before it asks at all
// (kubelet v1.37, prober/worker.go).
const quickDNS = `{"spec":{"template":{"spec":{"containers":[{"name":"coredns","readinessProbe":{"periodSeconds":1}}]}}}}`

// hastenDNS changes CoreDNS's pods while they still wait for a node.
func (u *Up) hastenDNS(ctx context.Context, _ *event.Span) (string, error) {
	deployments := u.client.Clientset.AppsV1().Deployments("kube-system")
	_, err := deployments.Patch(ctx, "coredns", types.StrategicMergePatchType, []byte(quickDNS), metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return "there is no CoreDNS", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask CoreDNS every second: %w", err)
	}
	return "", nil
}

func (u *Up) wouldHastenDNS(context.Context) ([]string, error) {
	return []string{"ask CoreDNS every second"}, nil
}
