package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// WithLastEvents adds to an error what the cluster itself reported last of the
// pods that did not become ready: their status only says ContainerCreating.
func (s *Session) WithLastEvents(ctx context.Context, err error, namespace string, pods map[string]bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	events, problem := s.t.Kube.Clientset.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if problem != nil {
		return err
	}
	if words := lastEvents(events.Items, pods); words != "" {
		return verify.Around(err, func(err error) error { return fmt.Errorf("%w; %s", err, words) })
	}
	return err
}

// lastEvents is the newest warning of each pod.
func lastEvents(events []corev1.Event, pods map[string]bool) string {
	newest := map[string]corev1.Event{}
	for _, event := range events {
		name := event.InvolvedObject.Name
		if event.Type != corev1.EventTypeWarning || !pods[name] {
			continue
		}
		if earlier, known := newest[name]; !known || earlier.LastTimestamp.Before(&event.LastTimestamp) {
			newest[name] = event
		}
	}
	var words []string
	for name, event := range newest {
		words = append(words, fmt.Sprintf("%s: %s: %s", name, event.Reason, event.Message))
	}
	slices.Sort(words)
	return strings.Join(words, "; ")
}
