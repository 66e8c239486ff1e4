package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/test/bench/compare"
)

// StockOptions are what the host keeps from being as it is by default.
type StockOptions struct {
	// CgroupV1 says that the host has cgroup version 1.
	CgroupV1 bool
	// LacksSysResource says that no container can have CAP_SYS_RESOURCE.
	LacksSysResource bool
	Sink             event.Sink
}

// Stock makes a cluster as a careful person does without kindctl: kind's library,
// the CNI as its makers publish it, and patience until everything is rolled out.
func Stock(ctx context.Context, order compare.Order, o StockOptions) error {
	cni, err := NewCNI(order.CNI, o)
	if err != nil {
		return err
	}
	source, err := charts.Library{Sink: o.Sink}.Find(ctx, cni.Source())
	if err != nil {
		return err
	}
	for _, step := range []struct {
		id, title string
		run       func(*event.Span) error
	}{
		{"create", "Create the nodes", func(*event.Span) error {
			docker, err := provider.Open(ctx)
			if err != nil {
				return err
			}
			defer docker.Close()
			return docker.WithSink(o.Sink).CreateStock(ctx, stockConfig(order, o.CgroupV1), order.Kubeconfig)
		}},
		{"cni", "Install the CNI", func(*event.Span) error { return cni.Install(ctx, order, source) }},
		{"rollouts", "Wait until everything is rolled out", func(span *event.Span) error {
			client, err := clientOf(order)
			if err != nil {
				return err
			}
			return rolledOut(ctx, client, func(err error) { span.Progress(err.Error(), 0, 0) })
		}},
	} {
		span := event.Start(o.Sink, event.Event{Scope: event.Phase, ID: step.id, Title: step.title})
		if err := step.run(span); err != nil {
			span.Failed(err.Error(), "")
			return fmt.Errorf("%s: %w", step.id, err)
		}
		span.Done("")
	}
	return nil
}

// clientOf reaches a cluster that was made.
func clientOf(order compare.Order) (*kube.Client, error) {
	return kube.FromKubeconfig(order.Kubeconfig, provider.Context(order.Cluster))
}

// kubeletOnCgroupV1 lets kubelets start on a host with cgroup v1, which they
// refuse by default since Kubernetes 1.35.
const kubeletOnCgroupV1 = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n"

// stockConfig is kind's default in all but what another CNI takes.
func stockConfig(order compare.Order, cgroupV1 bool) *v1alpha4.Cluster {
	config := &v1alpha4.Cluster{Name: order.Cluster}
	config.Networking.DisableDefaultCNI = true
	if cgroupV1 {
		config.KubeadmConfigPatches = []string{kubeletOnCgroupV1}
	}
	for i := range order.Nodes {
		role := v1alpha4.WorkerRole
		if i == 0 {
			role = v1alpha4.ControlPlaneRole
		}
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: role, Image: order.Image})
	}
	v1alpha4.SetDefaultsCluster(config)
	return config
}

// rolledOut returns when every DaemonSet and Deployment of kube-system is rolled
// out, as "kubectl rollout status" has it, and every node is ready.
func rolledOut(ctx context.Context, client *kube.Client, waiting func(error)) error {
	workloads, err := systemWorkloads(ctx, client)
	if err != nil {
		return err
	}
	if err := client.UntilReady(ctx, workloads, waiting); err != nil {
		return err
	}
	nodes := client.Clientset.CoreV1().Nodes()
	return kube.UntilAll(ctx, kube.ListWatch(nodes.List, nodes.Watch, metav1.ListOptions{}), func(seen []*corev1.Node) error {
		err := allReady(seen)
		if err != nil {
			waiting(err)
		}
		return err
	})
}

// systemWorkloads names what runs in kube-system for good.
func systemWorkloads(ctx context.Context, client *kube.Client) (objects []*unstructured.Unstructured, err error) {
	apps := client.Clientset.AppsV1()
	daemons, err := apps.DaemonSets(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list DaemonSets: %w", err)
	}
	deployments, err := apps.Deployments(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	add := func(kind, name string) {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind(kind))
		object.SetNamespace(metav1.NamespaceSystem)
		object.SetName(name)
		objects = append(objects, object)
	}
	for _, daemon := range daemons.Items {
		add("DaemonSet", daemon.Name)
	}
	for _, deployment := range deployments.Items {
		add("Deployment", deployment.Name)
	}
	return objects, nil
}

// allReady names the nodes that are not ready.
func allReady(nodes []*corev1.Node) error {
	var waiting []string
	for _, node := range nodes {
		ready := false
		for _, condition := range node.Status.Conditions {
			ready = ready || condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		}
		if !ready {
			waiting = append(waiting, node.Name)
		}
	}
	if len(waiting) > 0 {
		return errors.New("not ready: " + strings.Join(waiting, ", "))
	}
	return nil
}
