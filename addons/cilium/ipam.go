package cilium

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// addresses compares the pods' addresses with the range of their node.
func addresses(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	nodes, err := t.Kube.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	pods, err := t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return judgeAddresses(nodes.Items, pods.Items)
}

func judgeAddresses(nodes []corev1.Node, pods []corev1.Pod) (verify.Evidence, error) {
	ranges := map[string]netip.Prefix{}
	var broken []string
	for _, node := range nodes {
		prefix, err := netip.ParsePrefix(node.Spec.PodCIDR)
		if err != nil {
			broken = append(broken, fmt.Sprintf("node %s has no pod range: %q", node.Name, node.Spec.PodCIDR))
			continue
		}
		for other, taken := range ranges {
			if taken.Overlaps(prefix) {
				broken = append(broken, fmt.Sprintf("nodes %s and %s have overlapping ranges %s and %s", other, node.Name, taken, prefix))
			}
		}
		ranges[node.Name] = prefix
	}
	owner := map[string]string{}
	for _, pod := range pods {
		if pod.Spec.HostNetwork || pod.Status.PodIP == "" || pod.DeletionTimestamp != nil {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		if other, taken := owner[pod.Status.PodIP]; taken {
			broken = append(broken, fmt.Sprintf("%s and %s both have %s", other, name, pod.Status.PodIP))
		}
		owner[pod.Status.PodIP] = name
		address, err := netip.ParseAddr(pod.Status.PodIP)
		if err != nil || !ranges[pod.Spec.NodeName].Contains(address) {
			broken = append(broken, fmt.Sprintf("%s on %s has %s, outside of %s", name, pod.Spec.NodeName, pod.Status.PodIP, ranges[pod.Spec.NodeName]))
		}
	}
	if len(owner) == 0 {
		broken = append(broken, "no pod has an address of the pod network")
	}
	if len(broken) > 0 {
		slices.Sort(broken)
		return nil, errors.New(strings.Join(broken, "\n"))
	}
	return verify.Evidence{fmt.Sprintf("%d pods with addresses of their own, each in the range of its node", len(owner))}, nil
}
