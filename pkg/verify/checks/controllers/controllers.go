// Package controllers checks the scheduler and the controller manager.
package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

const groupControllers = "controllers"

const controllerManagerPort = 10257

func controllerChecks() []verify.Check {
	return []verify.Check{
		leaderCheck("kcm.leader", groupControllers, "controller manager", "kube-controller-manager", controllerManagerPort, "kcm.reconcile then proves that it works."),
		{
			ID: "kcm.reconcile", Group: groupControllers, Title: "Controllers provision new namespaces and replace deleted pods",
			Proves: "A new namespace must get its default ServiceAccount and the ConfigMap with the root certificates. A new ReplicaSet must create its pods and replace one that is deleted. A controller manager can be healthy and lead while one of its controllers is disabled.",
			Hint:   "kubectl -n kube-system logs -l component=kube-controller-manager --tail=50; kubectl get replicasets -A",
			Needs:  []string{"api.ready", "kcm.leader"},
			Rights: verify.JoinRights(
				probe.RightsOfNamespace, []string{"list,watch configmaps", "create replicasets.apps", "list,watch,delete pods"},
			),
			Slow: true, Timeout: 18 * time.Second,
			Run: controllersReconcile,
		},
	}
}

// controllersReconcile uses the run's own namespace as the new one. The pods
// carry a scheduling gate, so that they never run: the controllers alone are
// on trial, not the scheduler, the nodes or the network.
func controllersReconcile(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	namespace, err := probe.Of(t).Namespace(ctx)
	if err != nil {
		return nil, err
	}
	core := t.Kube.Clientset.CoreV1()
	roots := core.ConfigMaps(namespace)
	if err := kube.Until(ctx, kube.ListWatch(roots.List, roots.Watch, kube.Named(rootCertificates)), func(found *corev1.ConfigMap) error {
		if found.Data["ca.crt"] == "" {
			return fmt.Errorf("ConfigMap %s/%s has no ca.crt", namespace, rootCertificates)
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("namespace %s: ConfigMap %s: %w", namespace, rootCertificates, err)
	}
	evidence := verify.Evidence{fmt.Sprintf("namespace %s has a default ServiceAccount and %s", namespace, rootCertificates)}
	set := replicaSet(t)
	if _, err := t.Kube.Clientset.AppsV1().ReplicaSets(namespace).Create(ctx, set, metav1.CreateOptions{}); err != nil &&
		!apierrors.IsAlreadyExists(err) {
		return evidence, fmt.Errorf("create ReplicaSet: %w", err)
	}
	before, err := replicas(ctx, t, namespace, "")
	if err != nil {
		return evidence, err
	}
	victim := before[0]
	only := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &victim.UID}}
	if err := core.Pods(namespace).Delete(ctx, victim.Name, only); err != nil &&
		!apierrors.IsNotFound(err) {
		return evidence, fmt.Errorf("delete pod %s: %w", victim.Name, err)
	}
	after, err := replicas(ctx, t, namespace, victim.UID)
	if err != nil {
		return evidence, err
	}
	return append(evidence, fmt.Sprintf("ReplicaSet %s: deleted %s, again %d pods: %s, %s", set.Name, victim.Name, len(after), after[0].Name, after[1].Name)), nil
}

// rootCertificates is the ConfigMap that every namespace is given.
const rootCertificates = "kube-root-ca.crt"

const (
	replicaLabel = "kindctl.dev/replica"
	replicaCount = 2
)

func replicaSet(t *verify.Target) *appsv1.ReplicaSet {
	want, labels := int32(replicaCount), map[string]string{replicaLabel: "canary"}
	pod := probe.Of(t).Pod("", "", labels)
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "kindctl.dev/never"}}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "reconciled", Labels: map[string]string{verify.RunLabel: t.RunID}},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &want, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec},
		},
	}
}

// replicas waits until the ReplicaSet has its pods, none of them the one with
// the UID that was deleted.
func replicas(ctx context.Context, t *verify.Target, namespace string, deleted types.UID) (alive []*corev1.Pod, err error) {
	pods := t.Kube.Clientset.CoreV1().Pods(namespace)
	source := kube.ListWatch(pods.List, pods.Watch, metav1.ListOptions{LabelSelector: replicaLabel})
	err = kube.UntilAll(ctx, source, func(seen []*corev1.Pod) error {
		alive = nil
		for _, pod := range seen {
			if pod.DeletionTimestamp == nil && pod.UID != deleted {
				alive = append(alive, pod)
			}
		}
		if len(alive) != replicaCount {
			return errors.New(reconcileProblem(len(alive), deleted != ""))
		}
		return nil
	})
	return alive, err
}

func reconcileProblem(pods int, afterDeletion bool) string {
	when := "after its creation"
	if afterDeletion {
		when = "after one was deleted"
	}
	return fmt.Sprintf("the ReplicaSet has %d pods %s, not %d", pods, when, replicaCount)
}
