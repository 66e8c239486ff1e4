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

// startupOfDNS asks CoreDNS every second until it is ready for the first time.
// kubeadm's readiness probe, every 10 s, takes over then (kubeadm v1.37,
// phases/addons/dns/manifests.go has port and path).
const startupOfDNS = `{"spec":{"template":{"spec":{"containers":[{"name":"coredns",
	"startupProbe":{"httpGet":{"path":"/ready","port":8181},"periodSeconds":1,"failureThreshold":600}}]}}}}`

// hastenDNS changes CoreDNS's pods while they still wait for a node.
func (u *Up) hastenDNS(ctx context.Context, _ *event.Span) (string, error) {
	deployments := u.client.Clientset.AppsV1().Deployments("kube-system")
	_, err := deployments.Patch(ctx, "coredns", types.StrategicMergePatchType, []byte(startupOfDNS), metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return "there is no CoreDNS", nil
	}
	if err != nil {
		return "", fmt.Errorf("give CoreDNS a startup probe: %w", err)
	}
	return "", nil
}

func (u *Up) wouldHastenDNS(context.Context) ([]string, error) {
	return []string{"give CoreDNS a startup probe"}, nil
}
