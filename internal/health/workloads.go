package health

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/etcd"
)

// kubeadmInstalls are the workloads that kubeadm puts into kube-system.
var kubeadmInstalls = []string{"coredns", "kube-proxy"}

// staticComponents are the values of the label component that kubeadm and kindctl
// give to static pods.
var staticComponents = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", etcd.ClientComponent}

// SystemWorkloads returns the names of the workloads of kube-system that a wait is for:
// those of kubeadm and of the CNI, which workloads names. Users have others there, whose
// health is their own.
func SystemWorkloads(cni string, workloads func(cni string) []string) []string {
	names := slices.Clone(kubeadmInstalls)
	if workloads != nil {
		names = append(names, workloads(cni)...)
	}
	return names
}

func (w Waiter) daemonSets(all []*appsv1.DaemonSet) []*appsv1.DaemonSet {
	return slices.DeleteFunc(slices.Clone(all), func(d *appsv1.DaemonSet) bool { return w.Only != nil && !slices.Contains(w.Only, d.Name) })
}

func (w Waiter) deployments(all []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(all), func(d *appsv1.Deployment) bool { return w.Only != nil && !slices.Contains(w.Only, d.Name) })
}

// pods returns the pods of the workloads, and the static ones of the control plane,
// but for those on nodes that no kubelet runs.
func (w Waiter) pods(all []*corev1.Pod, fakes []string) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(all), func(pod *corev1.Pod) bool {
		return slices.Contains(fakes, pod.Spec.NodeName) || !w.owns(pod)
	})
}

func (w Waiter) owns(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return false
	}
	switch owner.Kind {
	case "Node":
		return slices.Contains(staticComponents, pod.Labels["component"])
	case "DaemonSet":
		return slices.Contains(w.Only, owner.Name)
	case "ReplicaSet": // NAME-HASH
		name, _, _ := cutLast(owner.Name, "-")
		return slices.Contains(w.Only, name)
	}
	return false
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// UnreadyWorkloads returns why workloads of kube-system are not ready, by name; a DaemonSet
// that wants no pod is ready.
func UnreadyWorkloads(ctx context.Context, client *kube.Client) (map[string]string, error) {
	waiting := map[string]string{}
	fakes, err := verify.Fakes(ctx, client.Clientset)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	agents, err := client.Clientset.AppsV1().DaemonSets("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list DaemonSets: %w", err)
	}
	for _, agent := range agents.Items {
		if err := rolledOut([]*appsv1.DaemonSet{&agent}, len(fakes)); err != nil && agent.Status.DesiredNumberScheduled > 0 {
			waiting[agent.Name] = err.Error()
		}
	}
	deployments, err := client.Clientset.AppsV1().Deployments("kube-system").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	for _, deployment := range deployments.Items {
		if err := available([]*appsv1.Deployment{&deployment}); err != nil {
			waiting[deployment.Name] = err.Error()
		}
	}
	return waiting, nil
}

// WarnOfOthers names what is not ready in kube-system and was not waited for.
func (w Waiter) WarnOfOthers(ctx context.Context, sink event.Sink, phase string) {
	waiting, err := UnreadyWorkloads(ctx, w.Client)
	if err != nil {
		return // what was waited for is ready
	}
	var others []string
	for name, reason := range waiting {
		if !slices.Contains(w.Only, name) {
			others = append(others, reason)
		}
	}
	if len(others) == 0 {
		return
	}
	slices.Sort(others)
	event.Warn(sink, event.Phase, phase, "not waited for in kube-system: "+strings.Join(others, "; "),
		"look at it: kubectl -n kube-system get daemonsets,deployments,pods")
}
