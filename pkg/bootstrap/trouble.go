package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// troubleTimeout bounds the search for the cause of a wait that failed.
const troubleTimeout = 10 * time.Second

// troubles names each pod of kube-system that is not ready, with the reason
// that Kubernetes gives: a container's state, a condition, or the latest
// warning. It is best effort, for an error that is there already.
func troubles(ctx context.Context, client kubernetes.Interface) (found []string) {
	ctx, cancel := context.WithTimeout(ctx, troubleTimeout)
	defer cancel()
	pods, err := client.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	warnings := latestWarnings(ctx, client)
	for _, pod := range pods.Items {
		if podReady(pod) {
			continue
		}
		reason := podReason(pod)
		if reason == "" {
			reason = warnings[pod.Name]
		}
		if reason == "" {
			reason = "not ready, without a reason"
		}
		found = append(found, fmt.Sprintf("pod %s on %s: %s", pod.Name, cmp.Or(pod.Spec.NodeName, "no node"), reason))
	}
	slices.Sort(found)
	return found
}

func podReady(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// podReason prefers what a container says of itself over conditions, which
// only count containers. Waiting for its turn is no reason.
func podReason(pod corev1.Pod) string {
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
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

// latestWarnings maps a pod's name to its newest warning event.
func latestWarnings(ctx context.Context, client kubernetes.Interface) map[string]string {
	events, err := client.CoreV1().Events("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	latest := map[string]string{}
	for _, e := range events.Items {
		if e.Type == corev1.EventTypeWarning && e.InvolvedObject.Kind == "Pod" {
			latest[e.InvolvedObject.Name] = e.Reason + ": " + e.Message
		}
	}
	return latest
}
