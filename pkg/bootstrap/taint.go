package bootstrap

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/kube"
)

// reserve gives control planes the taint that keeps ordinary pods away, or takes it
// from them, which kind does where there is no other node.
func reserve(ctx context.Context, client *kube.Client, reserved bool) error {
	nodes := client.Clientset.CoreV1().Nodes()
	planes, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: clusters.ControlPlaneTaint.Key})
	if err != nil {
		return fmt.Errorf("list control planes: %w", err)
	}
	for _, node := range planes.Items {
		ours := func(t corev1.Taint) bool { return t.MatchTaint(&clusters.ControlPlaneTaint) }
		if slices.ContainsFunc(node.Spec.Taints, ours) == reserved {
			continue
		}
		taints := slices.DeleteFunc(slices.Clone(node.Spec.Taints), ours)
		if reserved {
			taints = append(taints, clusters.ControlPlaneTaint)
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": node.ResourceVersion}, "spec": map[string]any{"taints": taints}})
		if err != nil {
			return err
		}
		if _, err := nodes.Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("change the taints of node %s: %w", node.Name, err)
		}
	}
	return nil
}
