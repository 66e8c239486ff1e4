package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/kube"
)

// RunLabel is on every object that a verification creates; its value is the
// run's ID.
const RunLabel = "kindctl.dev/run"

// namespacePrefix begins the name of every namespace of a verification.
const namespacePrefix = "kindctl-verify-"

// abandonedAfter is the age at which a namespace must be what a killed
// verification left: no run takes nearly as long.
const abandonedAfter = 30 * time.Minute

// Target is the cluster under verification, and what the run made there.
type Target struct {
	Kube *kube.Client
	// Pods reaches into pods; NewTarget sets it to Kube.
	Pods   Pods
	Expect Expectation
	// RunID marks every object that this verification creates.
	RunID string
	// Fleet is the set of probe pods on the pod network, Hosts the one on the
	// nodes' own network.
	Fleet, Hosts *Fleet

	namespace struct {
		sync.Mutex
		usable bool
	}
}

// NewTarget prepares a verification. It creates nothing yet.
func NewTarget(client *kube.Client, expect Expectation) *Target {
	t := &Target{Kube: client, Pods: client, Expect: expect, RunID: strings.ToLower(rand.Text()[:8])}
	t.Fleet, t.Hosts = newFleet(t, "probe-", onPodNetwork), newFleet(t, "host-", t.onHostNetwork)
	return t
}

// Namespace returns the namespace of this run. The first call creates it,
// waits until pods can be created in it, and removes what killed runs left.
func (t *Target) Namespace(ctx context.Context) (string, error) {
	name := namespacePrefix + t.RunID
	t.namespace.Lock()
	defer t.namespace.Unlock()
	if t.namespace.usable {
		return name, nil
	}
	namespaces := t.Kube.Clientset.CoreV1().Namespaces()
	_, err := namespaces.Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{RunLabel: t.RunID}},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("create namespace %s: %w", name, err)
	}
	accounts := t.Kube.Clientset.CoreV1().ServiceAccounts(name)
	err = kube.Until(ctx, kube.ListWatch(accounts.List, accounts.Watch, kube.Named("default")), func(*corev1.ServiceAccount) error { return nil })
	if err != nil {
		return "", fmt.Errorf("namespace %s: ServiceAccount default: %w", name, err)
	}
	t.namespace.usable = true
	t.sweep(ctx, name)
	return name, nil
}

// sweep removes the namespaces of runs that were killed. Ages are compared by
// the API server's clock, which made both times. What cannot be removed now is
// left to the next run.
func (t *Target) sweep(ctx context.Context, own string) {
	namespaces, err := t.Kube.Clientset.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: RunLabel})
	if err != nil {
		return
	}
	var now time.Time
	for _, namespace := range namespaces.Items {
		if namespace.Name == own {
			now = namespace.CreationTimestamp.Time
		}
	}
	for _, namespace := range namespaces.Items {
		if now.Sub(namespace.CreationTimestamp.Time) > abandonedAfter {
			_ = t.deleteNamespace(ctx, namespace.Name)
		}
	}
}

func (t *Target) deleteNamespace(ctx context.Context, name string) error {
	err := t.Kube.Clientset.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

// Close removes what the run made. The cluster finishes the removal by itself.
func (t *Target) Close(ctx context.Context) error {
	namespaces, err := t.Kube.Clientset.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: RunLabel + "=" + t.RunID})
	if err != nil {
		return fmt.Errorf("list namespaces: %w", err)
	}
	var failures []error
	for _, namespace := range namespaces.Items {
		failures = append(failures, t.deleteNamespace(ctx, namespace.Name))
	}
	return errors.Join(failures...)
}
