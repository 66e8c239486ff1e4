package calico

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/pkg/verify"
)

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

// judgeAddresses wants the address of every pod on the pod network to be its
// own, inside a pool and allocated.
func judgeAddresses(pods []corev1.Pod, pools []netip.Prefix, allocated map[netip.Addr]bool) (verify.Evidence, error) {
	owner := map[netip.Addr]string{}
	var broken []string
	for _, pod := range pods {
		address, err := netip.ParseAddr(pod.Status.PodIP)
		if pod.Spec.HostNetwork || err != nil || pod.DeletionTimestamp != nil {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
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
	if len(owner) == 0 {
		return nil, errors.New("no pod has an address of the pod network")
	}
	if len(broken) > 0 {
		slices.Sort(broken)
		return nil, errors.New(strings.Join(broken, "\n"))
	}
	return verify.Evidence{fmt.Sprintf("%d pods with addresses of their own in %v, all allocated", len(owner), pools)}, nil
}
