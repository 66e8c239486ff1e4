package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// logLines bounds what Logs reads, from the end.
const logLines = 200

// Logs returns the last lines of a container's log.
func (c *Client) Logs(ctx context.Context, pod PodRef) (string, error) {
	lines := int64(logLines)
	log, err := c.Clientset.CoreV1().
		Pods(pod.Namespace).
		GetLogs(pod.Name, &corev1.PodLogOptions{Container: pod.Container, TailLines: &lines}).
		DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("log of %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return string(log), nil
}
