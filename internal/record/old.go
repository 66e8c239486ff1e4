package record

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
)

// Before there was a version, the record was an Expectation in JSON, under oldKey, and the
// configuration had a ConfigMap of its own, which the first clusters lack.
const (
	oldKey           = "expectation"
	oldConfigName    = "kindctl-config"
	oldConfigFileKey = "config.yaml"
)

func decodeOld(data string) (document, error) {
	d := document{old: true}
	err := json.Unmarshal([]byte(data), &d.Expected)
	return d, err
}

// oldConfig returns the configuration from its own ConfigMap; nil is none.
func oldConfig(ctx context.Context, client *kube.Client) (*clusters.Topology, error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(namespace).Get(ctx, oldConfigName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's configuration: %w", err)
	}
	return decodeConfig([]byte(found.Data[oldConfigFileKey]), "ConfigMap "+namespace+"/"+oldConfigName)
}

func removeOldConfig(ctx context.Context, client *kube.Client) error {
	err := client.Clientset.CoreV1().ConfigMaps(namespace).Delete(ctx, oldConfigName, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove the configuration of an older kindctl: %w", err)
	}
	return nil
}
