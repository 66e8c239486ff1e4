package verify

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// Agents returns the pods of kube-system that a selector matches and wants one
// on every expected node, with all containers running. They come sorted by
// node. Whether an agent is ready is for its own health check to say, which
// knows why and at once.
func (t *Target) Agents(ctx context.Context, selector string) ([]corev1.Pod, error) {
	nodes, err := t.nodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.enough(nodes); err != nil {
		return nil, err
	}
	pods, err := t.systemPods(ctx, selector)
	if err != nil {
		return nil, err
	}
	byNode := map[string]corev1.Pod{}
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if _, taken := byNode[pod.Spec.NodeName]; !taken || running(&pod) {
			byNode[pod.Spec.NodeName] = pod
		}
	}
	var agents []corev1.Pod
	_, err = Each(nodes, NodeName, func(node corev1.Node) (string, error) {
		pod, found := byNode[node.Name]
		switch {
		case !found:
			return "", OnNode(node.Name, fmt.Errorf("there is no pod %s", selector))
		case !running(&pod):
			return "", OnNode(node.Name, fmt.Errorf("%s does not run: %s", pod.Name, podNotReady(&pod)))
		}
		return "", nil
	})
	for _, node := range nodes {
		agents = append(agents, byNode[node.Name])
	}
	return agents, err
}

// AgentsElsewhere is the reason to skip what asks the agents of a CNI that
// somebody has installed into another namespace than kube-system, to which the
// rights of the checks are bound.
func AgentsElsewhere(t *Target) string {
	if found := t.Expect.CNINamespace; found != "" && found != systemNamespace {
		return fmt.Sprintf("the agents of %s are in namespace %s, and this check asks only those in %s", t.Expect.CNI, found, systemNamespace)
	}
	return ""
}

// running tells whether every container of a pod runs.
func running(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil {
			return false
		}
	}
	return pod.Status.Phase == corev1.PodRunning
}

// OnEach looks at all pods side by side and begins each line, seen or wrong,
// with the pod's node. A look has a few seconds: a pod that hangs is named in
// time.
func OnEach(ctx context.Context, pods []corev1.Pod, look func(context.Context, corev1.Pod) (string, error)) (Evidence, error) {
	return Each(pods, PodNode, func(pod corev1.Pod) (string, error) {
		ctx, cancel := answering(ctx)
		defer cancel()
		seen, err := look(ctx, pod)
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return "", OnNode(pod.Spec.NodeName, fmt.Errorf("%s: %w", pod.Name, err))
		}
		return pod.Spec.NodeName + ": " + seen, nil
	})
}

// FleetServices returns the Service in front of the fleet, at each of its
// addresses.
func (t *Target) FleetServices(ctx context.Context) (services []Balanced, err error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := t.fleetServices(ctx)
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return nil, fmt.Errorf("service %s has the address %q", fleetService, address)
		}
		service := Balanced{Name: fmt.Sprintf("%s/%s:%s", probes[0].Namespace, fleetService, portName), Address: netip.AddrPortFrom(ip, servicePort)}
		for _, probe := range probes {
			for _, own := range ofFamily(address, probe.IPs) {
				service.Endpoints = append(service.Endpoints, net.JoinHostPort(own, strconv.Itoa(probe.HTTPPort)))
			}
		}
		slices.Sort(service.Endpoints)
		services = append(services, service)
	}
	return services, nil
}
