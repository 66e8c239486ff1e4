package health

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindctl/kindctl/internal/diagnose"
	"github.com/kindctl/kindctl/internal/provider"
)

// problemsTimeout bounds the search for the cause of a wait that failed.
const problemsTimeout = 10 * time.Second

// podProblems names each pod of kube-system that is not ready, with the reason
// that Kubernetes gives: a container's state, a condition, or the latest
// warning. It is best effort, for an error that is there already.
func podProblems(ctx context.Context, client kubernetes.Interface) (found []string) {
	ctx, cancel := context.WithTimeout(ctx, problemsTimeout)
	defer cancel()
	pods, err := client.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	warnings := latestWarnings(ctx, client)
	for _, pod := range pods.Items {
		if diagnose.Ready(pod) {
			continue
		}
		reason := diagnose.Reason(pod)
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

// WithLastErrors adds to an error what components of control planes said when they
// ended by themselves: kubeadm and clients that wait for the API only see that nothing
// answers.
func WithLastErrors(ctx context.Context, cluster provider.Cluster, err error) error {
	if ctx.Err() != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, problemsTimeout)
	defer cancel()
	for _, words := range cluster.LastErrors(bounded) {
		err = fmt.Errorf("%w\n%s", err, words)
	}
	return err
}
