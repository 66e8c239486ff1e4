package diagnose

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
)

// Of each log the last lines are kept, and no more bytes than these.
const (
	logLines = 5000
	logBytes = 4 << 20
)

// logsAtOnce bounds the logs that are read side by side; kubelets serve them.
const logsAtOnce = 8

// collectLogs writes the log of every container that ever ran, and that of its
// previous life when it was restarted.
func collectLogs(ctx context.Context, client kubernetes.Interface, pods []corev1.Pod, dir string) error {
	var group errgroup.Group
	group.SetLimit(logsAtOnce)
	var mu sync.Mutex
	var failures []error
	read := func(pod corev1.Pod, container, suffix string, previous bool) {
		group.Go(func() error {
			if err := collectLog(ctx, client, pod, container, filepath.Join(dir, pod.Namespace, pod.Name, container+suffix), previous); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, err)
			}
			return nil
		})
	}
	for _, pod := range pods {
		for _, c := range statuses(pod) {
			if c.State.Running != nil || c.State.Terminated != nil {
				read(pod, c.Name, ".log", false)
			}
			if c.LastTerminationState.Terminated != nil {
				read(pod, c.Name, ".previous.log", true)
			}
		}
	}
	_ = group.Wait() // its functions return no errors
	return errors.Join(failures...)
}

func collectLog(ctx context.Context, client kubernetes.Interface, pod corev1.Pod, container, file string, previous bool) error {
	lines, bytes := int64(logLines), int64(logBytes)
	log, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, Previous: previous, Timestamps: true, TailLines: &lines, LimitBytes: &bytes,
	}).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("log of %s/%s %s: %w", pod.Namespace, pod.Name, container, err)
	}
	return write(file, log)
}
