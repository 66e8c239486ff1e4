package cilium

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// The modes in which every node has ranges of its own.
const (
	ipamKubernetes  = "kubernetes"
	ipamClusterPool = "cluster-pool" // also where nothing is said
)

// addresses compares the pods' addresses with the ranges of their node.
func addresses(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	ranges, err := rangesOfNodes(ctx, t.Kube)
	if err != nil {
		return nil, err
	}
	pods, err := t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return checkAddresses(ranges, t.Real(pods.Items))
}

// rangesOfNodes reads, by node, the ranges from which Cilium gives addresses.
// kubeadm may hand out others, which Cilium does not use in each mode.
func rangesOfNodes(ctx context.Context, client *kube.Client) (map[string][]string, error) {
	settings, err := client.Clientset.CoreV1().ConfigMaps(namespace).Get(ctx, "cilium-config", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Cilium's settings: %w", err)
	}
	ranges := map[string][]string{}
	switch mode := cmp.Or(settings.Data["ipam"], ipamClusterPool); mode {
	case ipamKubernetes:
		nodes, err := client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list nodes: %w", err)
		}
		for _, node := range nodes.Items {
			ranges[node.Name] = node.Spec.PodCIDRs
		}
	case ipamClusterPool:
		nodes, err := client.Dynamic.Resource(ciliumNodes).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list CiliumNodes: %w", err)
		}
		for _, node := range nodes.Items {
			ranges[node.GetName()], _, err = unstructured.NestedStringSlice(node.Object, "spec", "ipam", "podCIDRs")
			if err != nil {
				return nil, fmt.Errorf("CiliumNode %s: %w", node.GetName(), err)
			}
		}
	default:
		return nil, verify.Inapplicable("Cilium hands out addresses in mode " + mode + ", in which nodes have no ranges of their own that this check knows of")
	}
	return ranges, nil
}

func checkAddresses(cidrs map[string][]string, pods []corev1.Pod) (verify.Evidence, error) {
	ranges := map[string][]netip.Prefix{}
	var broken []string
	for _, node := range slices.Sorted(maps.Keys(cidrs)) {
		for _, cidr := range cidrs[node] {
			prefix, err := netip.ParsePrefix(cidr)
			if err != nil {
				broken = append(broken, fmt.Sprintf("node %s has the range %q: %v", node, cidr, err))
				continue
			}
			for other, taken := range ranges {
				if at := slices.IndexFunc(taken, prefix.Overlaps); at >= 0 {
					broken = append(broken, fmt.Sprintf("nodes %s and %s have overlapping ranges %s and %s", other, node, taken[at], prefix))
				}
			}
			ranges[node] = append(ranges[node], prefix)
		}
		if len(cidrs[node]) == 0 {
			broken = append(broken, fmt.Sprintf("node %s has no pod range", node))
		}
	}
	owner := map[string]string{}
	for _, pod := range pods {
		if pod.Spec.HostNetwork || pod.DeletionTimestamp != nil {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		for _, ip := range pod.Status.PodIPs {
			if other, taken := owner[ip.IP]; taken {
				broken = append(broken, fmt.Sprintf("%s and %s both have %s", other, name, ip.IP))
			}
			owner[ip.IP] = name
			address, err := netip.ParseAddr(ip.IP)
			within := func(prefix netip.Prefix) bool { return prefix.Contains(address) }
			if err != nil || !slices.ContainsFunc(ranges[pod.Spec.NodeName], within) {
				broken = append(broken, fmt.Sprintf("%s on %s has %s, outside of %s", name, pod.Spec.NodeName, ip.IP, ranges[pod.Spec.NodeName]))
			}
		}
	}
	if len(owner) == 0 {
		broken = append(broken, "no pod has an address of the pod network")
	}
	if len(broken) > 0 {
		slices.Sort(broken)
		return nil, errors.New(strings.Join(broken, "\n"))
	}
	return verify.Evidence{fmt.Sprintf("%d addresses of pods, no two the same, each in the range of its node", len(owner))}, nil
}
