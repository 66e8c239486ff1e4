package bootstrap

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
	"github.com/kindctl/kindctl/pkg/releases"
	"github.com/kindctl/kindctl/pkg/verify"
)

// The ConfigMap that holds the configuration which a cluster was made of.
const (
	configNamespace = "kube-system"
	configName      = "kindctl-config"
	configKey       = "config.yaml"
)

// record writes into the cluster what it is expected to be, and of which
// configuration it was made.
func (u *Up) record(ctx context.Context) error {
	if err := verify.Record(ctx, u.client, u.expectation()); err != nil {
		return err
	}
	return recordConfig(ctx, u.client, u.Topology)
}

func recordConfig(ctx context.Context, client *kube.Client, topology clusters.Topology) error {
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

// differences names, in words, how the cluster that is there differs from the
// one that is wanted. A cluster of an older kindctl tells only its record.
func (u *Up) differences(ctx context.Context, record verify.Expectation) (string, error) {
	if found := record.Differences(u.expectation()); found != "" {
		return found, nil
	}
	version, err := u.client.Version(ctx)
	if err != nil {
		return "", err
	}
	if wanted := u.Topology.KubernetesVersion; !releases.Means(wanted, version) {
		return fmt.Sprintf("the version of Kubernetes: %s, not %s", version, wanted), nil
	}
	made, recorded, err := RecordedConfig(ctx, u.client)
	if err != nil || !recorded {
		return "", err
	}
	return made.Differences(u.Topology), nil
}

// RecordedConfig returns the configuration that a cluster was made of, and false
// when nothing tells.
func RecordedConfig(ctx context.Context, client *kube.Client) (clusters.Topology, bool, error) {
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
