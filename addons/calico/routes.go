package calico

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// tunnels are the devices of Calico's VXLAN, for IPv4 and IPv6.
var tunnels = []string{"vxlan.calico", "vxlan-v6.calico"}

// route is what "ip -j route get" says of one destination.
type route struct {
	Device  string `json:"dev"`
	Gateway string `json:"gateway"`
	Type    string `json:"type"`
}

// routes asks the kernel of every node for its way to a pod of every other one.
func routes(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses := map[string][]string{}
	for _, pod := range pods {
		for _, host := range pod.Status.HostIPs {
			addresses[pod.Spec.NodeName] = append(addresses[pod.Spec.NodeName], host.IP)
		}
	}
	return verify.Judged(verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		var ways []string
		var problems []error
		for _, peer := range probes {
			if peer.Node == pod.Spec.NodeName {
				continue
			}
			for _, peer := range peer.Faces() {
				out, err := t.Pods.Exec(ctx, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: agent}, "ip", "-j", "route", "get", peer.IP)
				if err != nil {
					return "", fmt.Errorf("route to %s on %s: %w", peer.IP, peer.Node, err)
				}
				way, err := judgeRoute(out, addresses[peer.Node])
				if err != nil {
					problems = append(problems, fmt.Errorf("route to %s on %s: %w", peer.IP, peer.Node, err))
				}
				ways = append(ways, fmt.Sprintf("%s on %s by %s", peer.IP, peer.Node, way))
			}
		}
		if len(ways) == 0 {
			problems = append(problems, errors.New("there is no probe on another node"))
		}
		return strings.Join(ways, ", "), errors.Join(problems...)
	}))
}

// judgeRoute wants the way to lead through the tunnel or straight to the
// peer's node, never through a default gateway.
func judgeRoute(out string, peerNode []string) (way string, err error) {
	var found []route
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) == 0 {
		return "", fmt.Errorf("none in %q", strings.TrimSpace(out))
	}
	r := found[0]
	switch {
	case r.Type != "" && r.Type != "unicast":
		return "", errors.New("it is " + r.Type)
	case slices.Contains(tunnels, r.Device):
		return "device " + r.Device, nil
	case slices.Contains(peerNode, r.Gateway):
		return fmt.Sprintf("gateway %s, device %s", r.Gateway, r.Device), nil
	}
	return "", fmt.Errorf("it is gateway %q, device %s; neither one of %v nor an address of the node's, of %v", r.Gateway, r.Device, tunnels, peerNode)
}
