// Package record keeps in a cluster the configuration that it was made of.
package record

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/kube"
)

// The ConfigMap that holds the configuration.
const (
	configNamespace = "kube-system"
	configName      = "kindctl-config"
	configKey       = "config.yaml"
)

// WriteConfig records the configuration that a cluster is made of.
func WriteConfig(ctx context.Context, client *kube.Client, topology clusters.Topology) error {
	data, err := topology.Encode()
	if err != nil {
		return err
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: configNamespace, Name: configName},
		Data:       map[string]string{configKey: string(data)},
	})
	if err != nil {
		return err
	}
	return client.Apply(ctx, []*unstructured.Unstructured{{Object: object}})
}

// ReadConfig returns the configuration that a cluster was made of, and false when there
// is none in it.
func ReadConfig(ctx context.Context, client *kube.Client) (clusters.Topology, bool, error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(configNamespace).Get(ctx, configName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return clusters.Topology{}, false, nil
	}
	if err != nil {
		return clusters.Topology{}, false, fmt.Errorf("read the cluster's configuration: %w", err)
	}
	made, err := clusters.Decode([]byte(found.Data[configKey]), "ConfigMap "+configNamespace+"/"+configName)
	return made, err == nil, err
}
