package pool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
)

// electors are the components that elect a leader, each by a lease of its name. Only the leader
// works, and one that leads no more ends.
var electors = []string{"kube-controller-manager", "kube-scheduler"}

// holder holds their leases while a cluster is frozen, and holdFor is how long: longer than a
// freeze takes. It passes while the nodes are paused.
const (
	holder  = "kindctl-pool"
	holdFor = 5 * time.Minute
)

// standBy restarts the components that elect a leader, and has them wait until holdFor is over.
// When the nodes are resumed after that, they lead at once, and read the state of the cluster
// then: a controller manager that has led before the pause would take nodes for lost, whose
// leases it saw last before. It returns those components that elect no leader.
func standBy(ctx context.Context, client *kube.Client, nodes []*provider.Node) (others []string, err error) {
	var held []string
	for _, component := range electors {
		switch is, err := hold(ctx, client, component); {
		case err != nil:
			return nil, err
		case is:
			held = append(held, component)
		default:
			others = append(others, component)
		}
	}
	if len(held) == 0 {
		return others, nil
	}
	restarts := map[types.UID]int32{}
	pods := client.Clientset.CoreV1().Pods(metav1.NamespaceSystem)
	selection := metav1.ListOptions{LabelSelector: "component in (" + strings.Join(held, ", ") + ")"}
	listed, err := pods.List(ctx, selection)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", strings.Join(held, " and "), err)
	}
	for _, pod := range listed.Items {
		restarts[pod.UID] = diagnose.Restarts(pod)
	}
	if err := end(ctx, nodes, held); err != nil {
		return nil, err
	}
	return others, kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, selection), func(seen []*corev1.Pod) error {
		for _, pod := range seen {
			if diagnose.Restarts(*pod) <= restarts[pod.UID] || !diagnose.Ready(*pod) {
				return fmt.Errorf("%s is not ready after a restart", pod.Name)
			}
		}
		return nil
	})
}

// hold takes the lease of a component, and reports whether there is one.
func hold(ctx context.Context, client *kube.Client, lease string) (bool, error) {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{
		"holderIdentity": holder, "leaseDurationSeconds": int(holdFor.Seconds()), "renewTime": metav1.NowMicro(),
	}})
	if err != nil {
		return false, err
	}
	leases := client.Clientset.CoordinationV1().Leases(metav1.NamespaceSystem)
	_, err = leases.Patch(ctx, lease, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take lease %s: %w", lease, err)
	}
	return true, nil
}

// release has the components not wait until holdFor is over. Leases that are not held any more stay.
func release(ctx context.Context, client *kube.Client) error {
	leases := client.Clientset.CoordinationV1().Leases(metav1.NamespaceSystem)
	for _, name := range electors {
		lease, err := leases.Get(ctx, name, metav1.GetOptions{})
		if err == nil && ptr.Deref(lease.Spec.HolderIdentity, "") == holder {
			err = leases.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &lease.ResourceVersion}})
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // a component leads already
			return fmt.Errorf("delete lease %s: %w", name, err)
		}
	}
	return nil
}

// end kills components on all control planes. A kubelet starts them again. One that gets a signal to
// end may release its lease, also one that hold has taken.
func end(ctx context.Context, nodes []*provider.Node, components []string) error {
	if len(components) == 0 {
		return nil
	}
	return onNodes(ctx, nodes, isControlPlane,
		fmt.Sprintf("crictl stop --timeout 0 $(crictl ps -q --name '^(%s)$') >/dev/null", strings.Join(components, "|")))
}
