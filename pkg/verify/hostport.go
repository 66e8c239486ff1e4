package verify

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func podPortCheck() Check {
	return Check{
		ID: "net.hostport", Nodes: AllNodes, Group: groupNetwork, Title: "A pod's hostPort is served at the address of its node",
		Proves: "A pod on every node has a hostPort that no other pod asks for. It is asked at each address of its node, from the network of another node, or of its own where there is one node, and this very pod must answer. " +
			"Ingress controllers listen like that. Where the CNI does not serve hostPorts, Kubernetes accepts them all the same: a failure in a cluster that kindctl made, and else a warning.",
		Hint:   "look at what serves hostPorts on the nodes named: the plugin portmap in /etc/cni/net.d, or Cilium's kube-proxy replacement: kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg service list",
		Needs:  []string{"net.pods", "net.host"},
		Rights: RightsOfFleet,
		Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: hostPortsAnswer,
	}
}

func hostPortsAnswer(ctx context.Context, t *Target) (Evidence, error) {
	probes, hosts, err := t.probesAndHosts(ctx)
	if err != nil {
		return nil, err
	}
	if t.withoutHostPort.Load() {
		return nil, Inapplicable("admission does not let pods of verifications have a hostPort")
	}
	var ways []way
	for _, w := range fromNextNode(hosts, way{protocol: "http", port: t.podPort(), request: askName}) {
		for _, probe := range probes {
			if probe.Node == w.to {
				w.judge = answeredBy(probe.Name)
				ways = append(ways, w)
			}
		}
	}
	evidence, err := Judged(tryAll(ctx, ways))
	if err != nil && t.Expect.Discovered && !isUnobservable(err) {
		err = Warning(err) // a CNI that kindctl did not choose may be set up without
	}
	return evidence, err
}

// The hostPorts of probes are beyond those that probes on a node's network listen
// on, and before NodePorts.
const (
	firstPodPort = 28001
	podPorts     = 1999
)

// podPort is the hostPort of the probes on the network of pods; see choosePodPort.
func (t *Target) podPort() int {
	if port := t.chosenPort.Load(); port != 0 {
		return int(port)
	}
	sum := fnv.New32a()
	sum.Write([]byte(t.RunID))
	return firstPodPort + int(sum.Sum32()%podPorts)
}

// choosePodPort settles podPort, once: a port that follows from the run's ID, so that
// two runs do not meet, and that no pod of the cluster has for a hostPort.
func (t *Target) choosePodPort(ctx context.Context) error {
	if t.chosenPort.Load() != 0 {
		return nil
	}
	all, err := t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	taken := map[int]bool{}
	for _, pod := range all.Items {
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				taken[int(port.HostPort)] = true
			}
		}
	}
	port := t.podPort()
	for range podPorts {
		if !taken[port] {
			break
		}
		port = firstPodPort + (port+1-firstPodPort)%podPorts
	}
	t.chosenPort.CompareAndSwap(0, int32(port)) //nolint:gosec // it is a port
	return nil
}

// dropHostPorts takes the hostPorts from a pod, and reports whether there were any.
func dropHostPorts(pod *corev1.Pod) (dropped bool) {
	for i := range pod.Spec.Containers {
		for j := range pod.Spec.Containers[i].Ports {
			if port := &pod.Spec.Containers[i].Ports[j]; port.HostPort != 0 && !pod.Spec.HostNetwork {
				port.HostPort, dropped = 0, true
			}
		}
	}
	return dropped
}
