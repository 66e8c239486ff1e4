package calico

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/verify"
)

func resource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "crd.projectcalico.org", Version: "v1", Resource: name}
}

// addresses compares the pods' addresses with Calico's own books. Pods are read
// before blocks, so that every address seen was allocated by then.
func addresses(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pools, err := t.Kube.Dynamic.Resource(resource("ippools")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list address pools: %w", err)
	}
	pods, err := t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	blocks, err := t.Kube.Dynamic.Resource(resource("ipamblocks")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list address blocks: %w", err)
	}
	var cidrs []netip.Prefix
	for _, pool := range pools.Items {
		prefix, err := prefixOf(pool.Object)
		if err != nil {
			return nil, fmt.Errorf("address pool %s: %w", pool.GetName(), err)
		}
		cidrs = append(cidrs, prefix)
	}
	allocated := map[netip.Addr]bool{}
	for _, block := range blocks.Items {
		if err := addAllocations(allocated, block.Object); err != nil {
			return nil, fmt.Errorf("address block %s: %w", block.GetName(), err)
		}
	}
	return checkAddresses(t.Real(pods.Items), cidrs, allocated)
}

// prefixOf reads the CIDR of a pool or of a block.
func prefixOf(object map[string]any) (netip.Prefix, error) {
	cidr, _, err := unstructured.NestedString(object, "spec", "cidr")
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.ParsePrefix(cidr)
}

// addAllocations notes the addresses of a block that are in use: the entries
// of spec.allocations that are not null, counted from the block's first address.
func addAllocations(allocated map[netip.Addr]bool, block map[string]any) error {
	prefix, err := prefixOf(block)
	if err != nil {
		return err
	}
	entries, _, err := unstructured.NestedSlice(block, "spec", "allocations")
	if err != nil {
		return err
	}
	address := prefix.Addr()
	for _, entry := range entries {
		if entry != nil {
			allocated[address] = true
		}
		address = address.Next()
	}
	return nil
}

// checkAddresses wants the address of every pod on the pod network to be its
// own, inside a pool and allocated.
func checkAddresses(pods []corev1.Pod, pools []netip.Prefix, allocated map[netip.Addr]bool) (verify.Evidence, error) {
	owner := map[netip.Addr]string{}
	var broken []string
	for _, pod := range pods {
		if pod.Spec.HostNetwork || pod.DeletionTimestamp != nil {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		for _, ip := range pod.Status.PodIPs {
			address, err := netip.ParseAddr(ip.IP)
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s has %q: %v", name, ip.IP, err))
				continue
			}
			if other, taken := owner[address]; taken {
				broken = append(broken, fmt.Sprintf("%s and %s both have %s", other, name, address))
			}
			owner[address] = name
			if !slices.ContainsFunc(pools, func(pool netip.Prefix) bool { return pool.Contains(address) }) {
				broken = append(broken, fmt.Sprintf("%s has %s, which is in no pool of %v", name, address, pools))
			} else if !allocated[address] {
				broken = append(broken, fmt.Sprintf("%s has %s, which no block has allocated", name, address))
			}
		}
	}
	if len(owner) == 0 {
		return nil, errors.New("no pod has an address of the pod network")
	}
	if len(broken) > 0 {
		slices.Sort(broken)
		return nil, errors.New(strings.Join(broken, "\n"))
	}
	return verify.Evidence{fmt.Sprintf("%d addresses of pods, no two the same, in %v, all allocated", len(owner), pools)}, nil
}
