package cilium

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// healthPort is where every agent answers, on its node's own address and on
// that of the health endpoint, which it keeps on the pod network.
const healthPort = 4240

var ciliumNodes = schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumnodes"}

// healthAddress is one of the two addresses of a node's agent.
type healthAddress struct{ name, ip string }

// mesh asks every agent from every node. The agents themselves do the same and
// show in "cilium-health status", but take minutes to come around.
func mesh(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	list, err := t.Kube.Dynamic.Resource(ciliumNodes).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list CiliumNodes: %w", err)
	}
	addresses, err := healthAddresses(list.Items, t.Expect.Nodes())
	if err != nil {
		return nil, err
	}
	hosts, err := probe.Of(t).Hosts.Ready(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var evidence verify.Evidence
	var problems []error
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelDials)
	for _, from := range hosts {
		for _, to := range addresses {
			group.Go(func() error {
				_, failures, err := from.Send(ctx, "http", to.ip, healthPort, "hello", 1)
				if err != nil {
					return verify.Unobservable(err)
				}
				mu.Lock()
				defer mu.Unlock()
				way := fmt.Sprintf("%s -> %s (%s:%d)", from.Node, to.name, to.ip, healthPort)
				if len(failures) > 0 {
					problems = append(problems, verify.AboutNode(from.Node, errors.New(way+": "+failures[0])))
				} else {
					evidence = append(evidence, way+": answered")
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(evidence)
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return verify.Evaluated(evidence, errors.Join(problems...))
}

// parallelDials bounds the dials that are under way.
const parallelDials = 9

// ciliumNode is what is needed of a CiliumNode.
type ciliumNode struct {
	Spec struct {
		Addresses []nodeAddress `json:"addresses"`
		Health    struct {
			IPv4 string `json:"ipv4"`
			IPv6 string `json:"ipv6"`
		} `json:"health"`
	} `json:"spec"`
}

type nodeAddress struct {
	Type string `json:"type"`
	IP   string `json:"ip"`
}

// healthAddresses reads where every node's agent answers, for each IP family.
func healthAddresses(nodes []unstructured.Unstructured, want int) (addresses []healthAddress, err error) {
	if len(nodes) != want || want == 0 {
		return nil, fmt.Errorf("there are %d CiliumNodes, expected %d", len(nodes), want)
	}
	for _, object := range nodes {
		var node ciliumNode
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &node); err != nil {
			return nil, fmt.Errorf("CiliumNode %s: %w", object.GetName(), err)
		}
		own, ends := 0, 0
		for _, address := range node.Spec.Addresses {
			if address.Type == "InternalIP" {
				own++
				addresses = append(addresses, healthAddress{"node " + object.GetName(), address.IP})
			}
		}
		for _, address := range []string{node.Spec.Health.IPv4, node.Spec.Health.IPv6} {
			if address != "" {
				ends++
				addresses = append(addresses, healthAddress{"health endpoint of " + object.GetName(), address})
			}
		}
		if own == 0 || ends == 0 {
			return nil, fmt.Errorf("CiliumNode %s lacks an address of its own or of its health endpoint", object.GetName())
		}
	}
	return addresses, nil
}
