package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// NodesSince waits until every kubelet has reported since its node was started, at a time
// that since has by name, and until so many nodes are ready; 0 does not ask for that.
func (w Waiter) NodesSince(ctx context.Context, span *event.Span, since map[string]time.Time, want int) error {
	return w.nodes(ctx, span, func(seen []*corev1.Node) error {
		if err := reportedSince(seen, since); err != nil || want == 0 {
			return err
		}
		return allReady(seen, want)
	})
}

// PodsSince waits until the pods of workloads and control planes run that have begun to
// since their node was started.
func (w Waiter) PodsSince(ctx context.Context, span *event.Span, since map[string]time.Time) error {
	pods := w.Client.Clientset.CoreV1().Pods("kube-system")
	fakes, err := verify.Fakes(ctx, w.Client.Clientset)
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	return w.Wait(ctx, hint.WorkloadsNotReady, "the system's pods are not ready", "kubectl -n kube-system get pods,events",
		func(ctx context.Context) error {
			return kube.UntilAll(ctx, kube.ListWatch(pods.List, pods.Watch, metav1.ListOptions{}), func(seen []*corev1.Pod) error {
				return report(span, running(w.pods(seen, fakes), since))
			})
		})
}

// reportedSince names the nodes whose kubelet has not reported since they were started.
func reportedSince(nodes []*corev1.Node, since map[string]time.Time) error {
	var waiting []string
	for _, node := range nodes {
		heard := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && !condition.LastHeartbeatTime.Time.Before(since[node.Name])
		})
		if !heard {
			waiting = append(waiting, node.Name)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	slices.Sort(waiting)
	return fmt.Errorf("not heard of since the start: %s", strings.Join(waiting, ", "))
}

// running names the pods that do not run, or have not begun to since their node
// was started. Pods that have ended, or are about to, are left out.
func running(pods []*corev1.Pod, since map[string]time.Time) error {
	var waiting []string
	for _, pod := range pods {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if !ended && pod.DeletionTimestamp == nil && !runsSince(pod, since[pod.Spec.NodeName]) {
			waiting = append(waiting, pod.Name)
		}
	}
	return waitingFor(len(pods) > 0, waiting)
}

func runsSince(pod *corev1.Pod, since time.Time) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil || status.State.Running.StartedAt.Time.Before(since) {
			return false
		}
	}
	return diagnose.Ready(*pod)
}
