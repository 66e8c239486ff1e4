package bootstrap

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Labels and limits are what kind cannot give to nodes: kubelets may not set
// every label, and kind knows no limits.

func (u *Up) noNodeConfig() string {
	if slices.ContainsFunc(u.Topology.Each(), func(n clusters.Node) bool { return len(n.Labels) > 0 || n.CPUs != "" || n.Memory != "" }) {
		return ""
	}
	return "no node is to have any"
}

func (u *Up) configureNodes(ctx context.Context, span *event.Span) (string, error) {
	var labels []*unstructured.Unstructured
	limited := 0
	for _, node := range u.Topology.Each() {
		if len(node.Labels) > 0 {
			labels = append(labels, kubeadm.NodeLabels(node))
		}
		if node.CPUs == "" && node.Memory == "" {
			continue
		}
		span.Progress(node.Name, 0, 0)
		if err := u.setLimits(ctx, node); err != nil {
			return "", err
		}
		limited++
	}
	if err := u.client.Apply(ctx, labels); err != nil {
		return "", hint.LabelsFailed.Wrap(err, "the nodes could not be labeled",
			"run again with --retain and look: kubectl get nodes --show-labels")
	}
	return fmt.Sprintf("%d labeled, %d limited", len(labels), limited), nil
}

// setLimits bounds what a node may use, and makes sure that Kubernetes knows.
func (u *Up) setLimits(ctx context.Context, node clusters.Node) error {
	cpus, _ := node.CPULimit()
	memory, _ := node.MemoryLimit()
	if err := u.cluster.Node(node.Name).SetLimits(ctx, cpus.ScaledValue(resource.Nano), memory.Value()); err != nil {
		return hint.LimitFailed.Wrap(err, "Docker does not limit the node", "ask for more, or leave cpus and memory out; look: docker info")
	}
	found, err := u.client.Clientset.CoreV1().Nodes().Get(ctx, node.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read node %s: %w", node.Name, err)
	}
	if problem := limitNotKnown(found, node.Group); problem != "" {
		return hint.LimitUnknown.New(node.Name+": "+problem, "leave cpus and memory out, and report this with the output of docker info")
	}
	return nil
}

// memoryTolerance is far below what matters: kubelet and Docker may count the
// machine's memory in other ways.
const memoryTolerance = 16 << 20

// limitNotKnown says where Kubernetes would give pods more than the node may use.
func limitNotKnown(node *corev1.Node, asked clusters.Group) string {
	have := node.Status.Allocatable
	if limit, limited := asked.CPULimit(); limited && have.Cpu().Cmp(limit) > 0 {
		return fmt.Sprintf("Kubernetes would give pods %s processors of %s", have.Cpu(), asked.CPUs)
	}
	if limit, limited := asked.MemoryLimit(); limited && have.Memory().Value() > limit.Value()+memoryTolerance {
		return fmt.Sprintf("Kubernetes would give pods %s of memory of %s", have.Memory(), asked.Memory)
	}
	return ""
}
