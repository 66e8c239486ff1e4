package kubeadm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
)

// SetControlPlaneTaint gives control planes the taint that keeps ordinary pods away, or removes
// it, as kind does where there is no other node.
func SetControlPlaneTaint(ctx context.Context, client *kube.Client, tainted bool) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error { return changeTaints(ctx, client, tainted) })
}

func changeTaints(ctx context.Context, client *kube.Client, tainted bool) error {
	nodes := client.Clientset.CoreV1().Nodes()
	planes, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: clusters.ControlPlaneTaint.Key})
	if err != nil {
		return fmt.Errorf("list control planes: %w", err)
	}
	for _, node := range planes.Items {
		ours := func(t corev1.Taint) bool { return t.MatchTaint(&clusters.ControlPlaneTaint) }
		if slices.ContainsFunc(node.Spec.Taints, ours) == tainted {
			continue
		}
		taints := slices.DeleteFunc(slices.Clone(node.Spec.Taints), ours)
		if tainted {
			taints = append(taints, clusters.ControlPlaneTaint)
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": node.ResourceVersion},
			"spec": map[string]any{"taints": taints}})
		if err != nil {
			return err
		}
		if _, err := nodes.Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("change the taints of node %s: %w", node.Name, err)
		}
	}
	return nil
}

// excludeBalancersLabel is kubeadm's label that keeps external load balancers from sending
// to a control plane.
const excludeBalancersLabel = corev1.LabelNodeExcludeBalancers

// PrepareSingleNode lets ordinary pods and external load balancers use a control plane that
// is the only node (kind v0.33.0, pkg/cluster/internal/create/actions/kubeadminit).
func PrepareSingleNode(ctx context.Context, client *kube.Client, node string) error {
	if err := SetControlPlaneTaint(ctx, client, false); err != nil {
		return err
	}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:null}}}`, excludeBalancersLabel)
	if _, err := client.Clientset.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("remove label %s of node %s: %w", excludeBalancersLabel, node, err)
	}
	return nil
}
