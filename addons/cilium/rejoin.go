package cilium

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/internal/kube"
)

var ciliumEndpoints = schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumendpoints"}

// Rejoin removes the CiliumEndpoints that name an address which the node of their
// pod no longer has. An agent that read a pod before its kubelet had reported the
// new address takes the endpoint for another node's, and tries to own it forever
// (updateCEPUID in Cilium's pkg/endpointmanager); it recreates what is absent.
func (a *Addon) Rejoin(ctx context.Context, client *kube.Client) error {
	nodes, err := client.Clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	pods, err := client.Clientset.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	endpoints, err := client.Dynamic.Resource(ciliumEndpoints).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list CiliumEndpoints: %w", err)
	}
	for _, stale := range staleEndpoints(endpoints.Items, pods.Items, nodes.Items) {
		err := client.Dynamic.Resource(ciliumEndpoints).Namespace(stale.GetNamespace()).Delete(ctx, stale.GetName(), metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: new(stale.GetUID()), ResourceVersion: new(stale.GetResourceVersion())},
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // gone, or put right meanwhile
			return fmt.Errorf("delete CiliumEndpoint %s/%s: %w", stale.GetNamespace(), stale.GetName(), err)
		}
	}
	return nil
}

// staleEndpoints picks the endpoints that name none of the addresses of their pod's node.
func staleEndpoints(endpoints []unstructured.Unstructured, pods []corev1.Pod, nodes []corev1.Node) (stale []unstructured.Unstructured) {
	addresses := map[string][]corev1.NodeAddress{}
	for _, node := range nodes {
		addresses[node.Name] = node.Status.Addresses
	}
	placed := map[string]string{}
	for _, pod := range pods {
		placed[pod.Namespace+"/"+pod.Name] = pod.Spec.NodeName
	}
	for _, endpoint := range endpoints {
		node := placed[endpoint.GetNamespace()+"/"+endpoint.GetName()]
		named, _, _ := unstructured.NestedString(endpoint.Object, "status", "networking", "node")
		if node != "" && !slices.ContainsFunc(addresses[node], func(a corev1.NodeAddress) bool { return a.Address == named }) {
			stale = append(stale, endpoint)
		}
	}
	return stale
}
