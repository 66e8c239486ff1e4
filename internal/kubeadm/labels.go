package kubeadm

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/clusters"
)

// NodeLabels is a node with its labels alone, to apply once it has joined: kubelets may not set
// every label.
func NodeLabels(node clusters.Node) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("v1")
	object.SetKind("Node")
	object.SetName(node.Name)
	object.SetLabels(maps.Clone(node.Labels))
	return object
}
