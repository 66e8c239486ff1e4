package calico

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// tunnels are the devices of Calico's VXLAN, for IPv4 and IPv6.
var tunnels = []string{"vxlan.calico", "vxlan-v6.calico"}

// route is what "ip -j route get" says of one destination.
type route struct {
	Destination netip.Addr `json:"dst"`
	Device      string     `json:"dev"`
	Gateway     string     `json:"gateway"`
	Type        string     `json:"type"`
}

// routes asks the kernel of every node for its way to a pod of every other one.
func routes(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, selector)
	if err != nil {
		return nil, err
	}
	probes, err := probe.Of(t).Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses := map[string][]string{}
	for _, pod := range pods {
		for _, host := range pod.Status.HostIPs {
			addresses[pod.Spec.NodeName] = append(addresses[pod.Spec.NodeName], host.IP)
		}
	}
	return verify.Evaluated(verify.OnEach(ctx, pods, func(ctx context.Context, pod corev1.Pod) (string, error) {
		var peers []probe.Probe
		for _, p := range probes {
			if p.Node != pod.Spec.NodeName {
				peers = append(peers, p.PerAddress()...)
			}
		}
		if len(peers) == 0 {
			return "", errors.New("there is no probe on another node")
		}
		known, err := kernelRoutes(ctx, t.Pods, kube.PodRef{Namespace: namespace, Name: pod.Name, Container: agent}, peers)
		if err != nil {
			return "", err
		}
		var ways []string
		var problems []error
		for _, peer := range peers {
			way, err := checkRoute(known[peer.IP], addresses[peer.Node])
			if err != nil {
				problems = append(problems, fmt.Errorf("route to %s on %s: %w", peer.IP, peer.Node, err))
			}
			ways = append(ways, fmt.Sprintf("%s on %s by %s", peer.IP, peer.Node, way))
		}
		return strings.Join(ways, ", "), errors.Join(problems...)
	}))
}

// kernelRoutes asks in one command for the ways to all peers, and returns those
// that there are, by address. The command continues after one for which there is
// none, and fails in the end.
func kernelRoutes(ctx context.Context, pods verify.Pods, at kube.PodRef, peers []probe.Probe) (map[string]route, error) {
	var questions strings.Builder
	for _, peer := range peers {
		fmt.Fprintln(&questions, "route get", peer.IP)
	}
	out, err := pods.ExecInput(ctx, at, strings.NewReader(questions.String()), "ip", "-force", "-j", "-batch", "-")
	if _, ran := errors.AsType[*kube.ExecError](err); err != nil && !ran {
		return nil, err
	}
	known := map[string]route{}
	for answers := json.NewDecoder(strings.NewReader(out)); answers.More(); {
		var found []route
		if wrong := answers.Decode(&found); wrong != nil {
			return nil, fmt.Errorf("ip route get: %w in %q", wrong, out)
		}
		for _, way := range found {
			known[way.Destination.String()] = way
		}
	}
	if len(known) == 0 {
		return nil, err
	}
	return known, nil
}

// checkRoute wants the way to lead through the tunnel or straight to the
// peer's node, never through a default gateway.
func checkRoute(r route, peerNode []string) (way string, err error) {
	switch {
	case r == route{}:
		return "", errors.New("there is none")
	case r.Type != "" && r.Type != "unicast":
		return "", errors.New("it is " + r.Type)
	case slices.Contains(tunnels, r.Device):
		return "device " + r.Device, nil
	case slices.Contains(peerNode, r.Gateway):
		return fmt.Sprintf("gateway %s, device %s", r.Gateway, r.Device), nil
	}
	return "", fmt.Errorf("it is gateway %q, device %s; neither one of %v nor an address of the node's, of %v", r.Gateway, r.Device, tunnels, peerNode)
}
