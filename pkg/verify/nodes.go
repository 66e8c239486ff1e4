package verify

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Nodes returns the cluster's nodes that a kubelet runs, sorted by name; none is
// an error.
func (t *Target) Nodes(ctx context.Context) ([]corev1.Node, error) {
	list, err := t.Kube.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	all := len(list.Items)
	list.Items = slices.DeleteFunc(list.Items, func(node corev1.Node) bool { return Fake(node) || slices.Contains(t.Without, node.Name) })
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("the cluster has no nodes with a kubelet, of %d", all)
	}
	sort.Slice(list.Items, func(i, j int) bool { return list.Items[i].Name < list.Items[j].Name })
	t.listed.Store(&list.Items)
	return list.Items, nil
}

// NodeNames are the names of Nodes.
func (t *Target) NodeNames(ctx context.Context) (names []string, err error) {
	nodes, err := t.Nodes(ctx)
	return namesOf(nodes), err
}

// EnoughNodes reports nodes that are missing, and names those that are there.
func (t *Target) EnoughNodes(nodes []corev1.Node) error {
	if len(nodes) >= t.Expect.Nodes() {
		return nil
	}
	return fmt.Errorf("%d nodes (%s), expected %d", len(nodes), strings.Join(namesOf(nodes), ", "), t.Expect.Nodes())
}

func namesOf(nodes []corev1.Node) (names []string) {
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	return names
}
