package diagnose

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Ready reports whether a pod is ready, or has done its work.
func Ready(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// Reason is why a pod is not ready, or "" when it does not say. It prefers what
// a container says of itself over conditions, which only count containers.
// Waiting for its turn is no reason.
func Reason(pod corev1.Pod) string {
	for _, c := range statuses(pod) {
		switch ended, waiting := c.State.Terminated, c.State.Waiting; {
		case waiting != nil && waiting.Reason != "PodInitializing" && waiting.Reason != "ContainerCreating":
			return strings.TrimSuffix(fmt.Sprintf("container %s: %s: %s", c.Name, waiting.Reason, waiting.Message), ": ")
		case ended != nil && ended.ExitCode != 0:
			return strings.TrimSuffix(fmt.Sprintf("container %s ended with exit code %d: %s", c.Name, ended.ExitCode, ended.Message), ": ")
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

// statuses are those of all containers, in the order in which they start.
func statuses(pod corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// Restarts counts those of all containers together.
func Restarts(pod corev1.Pod) (n int32) {
	for _, c := range statuses(pod) {
		n += c.RestartCount
	}
	return n
}
