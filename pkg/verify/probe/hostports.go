package probe

import (
	"context"
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HostPort is the hostPort of the probes on the network of pods; see choosePodPort.
func (s *Session) HostPort() int {
	if port := s.hostPort.Load(); port != 0 {
		return int(port)
	}
	sum := fnv.New32a()
	sum.Write([]byte(s.t.RunID))
	return firstPodPort + int(sum.Sum32()%podPorts)
}

const firstPodPort = 28001

// The hostPorts of probes are beyond those that probes on a node's network listen
// on, and before NodePorts.
const (
	podPorts = 1999
)

// chooseHostPort settles podPort, once: a port that follows from the run's ID, so that
// two runs do not meet, and that no pod of the cluster has for a hostPort.
func (s *Session) chooseHostPort(ctx context.Context) error {
	if s.hostPort.Load() != 0 {
		return nil
	}
	all, err := s.t.Kube.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
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
	port := s.HostPort()
	for range podPorts {
		if !taken[port] {
			break
		}
		port = firstPodPort + (port+1-firstPodPort)%podPorts
	}
	s.hostPort.CompareAndSwap(0, int32(port)) //nolint:gosec // it is a port
	return nil
}

// HostPortDenied reports whether admission has kept hostPorts away from the probes.
func (s *Session) HostPortDenied() bool { return s.hostPortDenied.Load() }

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
