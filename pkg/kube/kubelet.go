package kube

import (
	"context"
	"encoding/json"
	"fmt"
)

// KubeletConfig is the part of a kubelet's configuration that is read here
// (kubelet.config.k8s.io/v1beta1).
type KubeletConfig struct {
	ContainerRuntimeEndpoint string `json:"containerRuntimeEndpoint"`
}

// KubeletConfig reads the configuration that a node's kubelet runs with. It
// takes the right to get nodes/configz, or nodes/proxy before Kubernetes 1.36.
func (c *Client) KubeletConfig(ctx context.Context, node string) (KubeletConfig, error) {
	body, err := c.Clientset.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("configz").DoRaw(ctx)
	if err != nil {
		return KubeletConfig{}, fmt.Errorf("configuration of the kubelet: %w", err)
	}
	var configz struct {
		Kubelet KubeletConfig `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(body, &configz); err != nil {
		return KubeletConfig{}, fmt.Errorf("configuration of the kubelet: %w", err)
	}
	return configz.Kubelet, nil
}
