package bootstrap

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/pkg/event"
)

func (u *Up) asInProduction() string {
	if u.Topology.Production() {
		return "fidelity production"
	}
	return ""
}

// fastReadinessProbe has CoreDNS asked every second whether it is ready, not every 10 s. A
// kubelet that has just started waits up to a period before it asks at all
// (kubelet v1.37, prober/worker.go).
const fastReadinessProbe = `{"spec":{"template":{"spec":{"containers":[{"name":"coredns","readinessProbe":{"periodSeconds":1}}]}}}}`

// speedUpDNS changes CoreDNS's pods while they still wait for a node. The
// ReplicaSet of those that were to be goes: else the Deployment would keep one of
// its pods until the new ones are ready, and start three instead of two.
func (u *Up) speedUpDNS(ctx context.Context, _ *event.Span) (string, error) {
	apps := u.client.Clientset.AppsV1()
	sets := apps.ReplicaSets("kube-system")
	before, err := sets.List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
	if err != nil {
		return "", fmt.Errorf("list the ReplicaSets of CoreDNS: %w", err)
	}
	_, err = apps.Deployments("kube-system").Patch(ctx, "coredns", types.StrategicMergePatchType, []byte(fastReadinessProbe),
		metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return "there is no CoreDNS", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask CoreDNS every second: %w", err)
	}
	for _, set := range before.Items {
		err := sets.Delete(ctx, set.Name, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)})
		if err != nil && !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("delete ReplicaSet %s: %w", set.Name, err)
		}
	}
	return "", nil
}

func (d dryRun) dns(context.Context) ([]string, error) {
	return []string{"ask CoreDNS every second"}, nil
}
